import type { Crossing } from "./crossing.ts";

/**
 * What a pool and its children say to each other, over Node's own channel between parent and child. A child runs one task at a
 * time, numbered by the pool: what is said of any other is out of date.
 */
export type ToChild =
  /** The first message. `app` is a URL. */
  | { type: "load"; app: string; exportName: string | undefined; tellMemory: boolean }
  | { type: "run"; run: number; request: Crossing; logLevel: string }
  | { type: "abort"; run: number; signal: MirroredSignal; reason: Crossing }
  | { type: "answer"; call: number; value: Crossing }
  | { type: "refusal"; call: number; error: Crossing };

export type FromChild =
  | { type: "ready" }
  /** The application could not be loaded. */
  | { type: "broken"; error: Crossing }
  | { type: "call"; run: number; call: number; method: RemoteMethod; args: Crossing }
  /** `args` begins with the bindings of the logger. */
  | { type: "log"; run: number; level: string; args: Crossing }
  /** `memory` is what the process holds, in KiB, if the pool wants to know. */
  | { type: "returned"; run: number; value: Crossing; memory: number | undefined }
  | { type: "threw"; run: number; error: Crossing; memory: number | undefined }
  /** Last words: an error that nobody caught. */
  | { type: "dying"; error: Crossing };

/** The signals of a task's context that are aborted in the pool's process and, with it, in the child. */
export type MirroredSignal = "signal" | "leaseLost";

/** What a task's context can do only in the pool's process. */
export const remoteMethods = ["updateState", "settleOther", "send", "apply"] as const;
export type RemoteMethod = (typeof remoteMethods)[number];
