/**
 * A way in which a network, or what stands behind it, fails. Bytes are those that the server sends, counted per connection
 * from the moment at which the fault begins.
 */
export type Fault =
  /** Every piece comes so many ms later, in both directions. */
  | { kind: "latency"; ms: number }
  /** So much goes through a connection, in each direction. */
  | { kind: "throttle"; bytesPerSecond: number }
  /** Both sides are reset when so many bytes have passed; without a number all that are connected, at once. */
  | { kind: "cut"; after?: number }
  /** Both sides hear the end that a finished conversation has, when so many bytes have passed; or at once. */
  | { kind: "truncation"; after?: number }
  /**
   * Bytes vanish in both directions, when so many have passed; without a number at once, and new connections are taken
   * and answered with nothing. When it is over, those whose bytes were lost are reset.
   */
  | { kind: "black hole"; after?: number }
  /** As a black hole, but the network keeps what is on its way: all of it is delivered when the fault is over. */
  | { kind: "stall" }
  /** One side is told that the connection is gone. The other one never hears of it, also when the fault is over. */
  | { kind: "half-open"; told: "server" | "client"; after?: number }
  /** One bit of this byte is another; of every so many-th byte, each time the next bit; of the byte behind this text. */
  | { kind: "bit flip"; at: number }
  | { kind: "bit flip"; every: number }
  | { kind: "bit flip"; behind: string }
  /** What is connected is reset, and nobody listens. */
  | { kind: "refusal" };

/** A fault while it is played. */
export interface Play {
  readonly fault: Fault;
  /** Aborted when it is over, or another one is played. */
  readonly over: AbortSignal;
  /** To be called when the fault meets with a connection; false when it has met with as many as it was meant for. */
  strike(): boolean;
}
