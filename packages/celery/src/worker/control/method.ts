import type { Logger } from "pino";
import type { EventDispatcher } from "../events/event-dispatcher.ts";
import type { Heart } from "../events/heart.ts";
import type { LamportClock } from "../events/lamport-clock.ts";
import type { WorkerInside } from "../inside.ts";
import type { RevokedTasks } from "../revoked-tasks.ts";
import type { ControlArguments } from "./control-arguments.ts";
import type { Gossip } from "./gossip.ts";

/** Who may control a worker: anybody (`full`), nobody but to look (`inspect`), nobody at all (`off`). */
export type ControlAccess = "full" | "inspect" | "off";

/** One method of remote control, under the name that Celery has for it. */
export interface ControlMethod {
  name: string;
  alias?: string;
  /** The least access that it takes. */
  access: "inspect" | "full";
  /** Answers the reply, {@link noReply}, or undefined, which replies `null`. What it throws is replied as `{error}`. */
  run(context: ControlContext, args: ControlArguments): unknown;
}

/** What methods work with. */
export interface ControlContext {
  inside: WorkerInside;
  clock: LamportClock;
  events: EventDispatcher;
  revoked: RevokedTasks;
  /** Undefined without heartbeats. */
  heart: Heart | undefined;
  /** Undefined without gossip. */
  gossip: Gossip | undefined;
  access: ControlAccess;
  log: Logger;
}
