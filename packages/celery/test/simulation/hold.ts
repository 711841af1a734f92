import type { MessageName } from "./message.ts";
import type { Process } from "./process.ts";

/** An entry of `unacked`. */
export interface Hold {
  name: MessageName;
  tag: string;
  by: Process;
  side: "ours" | "peer";
  nonce: string | undefined;
  /** By Redis' clock, in ms: of ours the end of the lease, of a peer's when it says it took it. */
  ends: number;
  /** Timeline: when it was last taken or renewed. */
  since: number;
  /** Whether the holder knows of it: the answer may have been lost. */
  known: boolean;
  parkedUntil: number | undefined;
  /** A peer whose clock is ahead of Redis' has seen it and thinks it old. */
  misjudged?: boolean;
}

export type Fate = "acknowledged" | "dead-lettered" | "lost by Python";

/** Who holds it, in words. */
export function owner(hold: Hold | undefined): string {
  if (!hold) return "nobody holds it";
  const { name, by, side, parkedUntil } = hold;
  if (parkedUntil !== undefined) return `${name} is parked`;
  return `${name} is held by ${by.name}${side === "peer" ? ", a peer" : ""}`;
}
