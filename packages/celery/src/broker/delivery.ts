import type { Envelope } from "../message/envelope.ts";
import { isRedelivered, readEnvelope, writeEnvelope } from "../message/envelope-text.ts";
import type { MessageLimits } from "../message/inert-json.ts";
import { UndecodableMessage } from "../message/undecodable-message.ts";
import type { Delivery } from "./broker.ts";

/** A popped text as a delivery; without an envelope when it is none, or one beyond the limits. */
export function readDelivery(tag: string, queue: string, raw: string, limits: MessageLimits): Delivery {
  const envelope = tryRead(raw, limits);
  return {
    tag,
    queue,
    raw,
    envelope,
    redelivered: envelope !== undefined && isRedelivered(envelope),
    deaths: deathsOf(envelope),
  };
}

/** What our restores have counted; anybody may have written anything there. */
function deathsOf(envelope: Envelope | undefined): number {
  const deaths = envelope?.properties.cdt_deaths;
  return typeof deaths === "number" && Number.isSafeInteger(deaths) && deaths > 0 ? deaths : 0;
}

function tryRead(raw: string, limits: MessageLimits): Envelope | undefined {
  try {
    return readEnvelope(raw, limits);
  } catch (error) {
    if (error instanceof UndecodableMessage) return undefined;
    throw error;
  }
}

/** Sets both redelivered flags, and counts a death. */
export function markGivenBack(envelope: Envelope, death: boolean): Envelope {
  envelope.headers.redelivered = true;
  envelope.properties.delivery_info.redelivered = true;
  if (death) envelope.properties.cdt_deaths = deathsOf(envelope) + 1;
  return envelope;
}

/** The same message, its deaths not counted; what is no envelope stays as it is. */
export function forgetDeaths(raw: string): string {
  try {
    const envelope = readEnvelope(raw);
    delete envelope.properties.cdt_deaths;
    return writeEnvelope(envelope);
  } catch (error) {
    if (error instanceof UndecodableMessage) return raw;
    throw error;
  }
}
