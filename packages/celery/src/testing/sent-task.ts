import type { Address } from "../broker/broker.ts";
import { decodeTask } from "../message/decode-task.ts";
import type { Envelope } from "../message/envelope.ts";
import { plain } from "./plain.ts";

/** A task that was published, by the test or by a task. */
export interface SentTask {
  id: string;
  name: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  /** Queue, or `exchange/routing key`. */
  to: string;
  /** 0 for what is no retry. */
  retries: number;
  /** Not before, as the sender has said it. */
  eta: Date | undefined;
  headers: Readonly<Record<string, unknown>>;
}

export function sentTask(address: Address, envelope: Envelope): SentTask {
  const decoded = decodeTask(envelope, { accept: ["json", "msgpack", "yaml"] });
  const { id, name, retries, eta } = decoded;
  const { args, kwargs, headers } = plain(decoded);
  return { id, name, args, kwargs, to: addressText(address), retries, eta, headers };
}

export function addressText(address: Address): string {
  return typeof address === "string" ? address : `${address.exchange}/${address.routingKey}`;
}
