import type {
  HelloReply,
  Outcome,
  QueriedTask,
  QueueInfo,
  Replies,
  RequestInfo,
  ScheduledInfo,
  WorkerStats,
} from "./control-replies.ts";
import type { ControlTarget } from "./control-target.ts";

/** What workers are and do, by node name (celery 5.6 `app/control.py`, Inspect). */
export interface Inspect {
  ping(target?: ControlTarget): Promise<Replies<Outcome>>;
  /** Tasks that run. `safe`: arguments as Python reprs. */
  active(options?: { safe?: boolean }, target?: ControlTarget): Promise<Replies<RequestInfo[]>>;
  /** Tasks that wait for a slot. */
  reserved(target?: ControlTarget): Promise<Replies<RequestInfo[]>>;
  /** Tasks that wait for their time. */
  scheduled(target?: ControlTarget): Promise<Replies<ScheduledInfo[]>>;
  /** Names of tasks. `items`: options to be shown with them, `rate_limit` and such by default; `builtins`: Celery's own too. */
  registered(
    options?: { items?: readonly string[]; builtins?: boolean },
    target?: ControlTarget,
  ): Promise<Replies<string[]>>;
  activeQueues(target?: ControlTarget): Promise<Replies<QueueInfo[]>>;
  stats(target?: ControlTarget): Promise<Replies<WorkerStats>>;
  /** Ids of revoked tasks. */
  revoked(target?: ControlTarget): Promise<Replies<string[]>>;
  conf(options?: { withDefaults?: boolean }, target?: ControlTarget): Promise<Replies<Record<string, unknown>>>;
  report(target?: ControlTarget): Promise<Replies<Outcome>>;
  /** Tasks that workers hold, by id. */
  queryTask(taskIds: string | readonly string[], target?: ControlTarget): Promise<Replies<Record<string, QueriedTask>>>;
  clock(target?: ControlTarget): Promise<Replies<{ clock: number }>>;
  memsample(target?: ControlTarget): Promise<Replies<string | null>>;
  /** What a worker asks the others when it starts. */
  hello(
    fromNode: string,
    revoked: Readonly<Record<string, unknown>>,
    target?: ControlTarget,
  ): Promise<Replies<HelloReply | null>>;
}

type Broadcast = <T>(
  method: string,
  args: Readonly<Record<string, unknown>>,
  target: ControlTarget | undefined,
) => Promise<Replies<T>>;

export function createInspect(ask: Broadcast): Inspect {
  return {
    ping: (target) => ask("ping", {}, target),
    active: ({ safe = false } = {}, target) => ask("active", { safe }, target),
    reserved: (target) => ask("reserved", {}, target),
    scheduled: (target) => ask("scheduled", {}, target),
    registered: ({ items = [], builtins = false } = {}, target) =>
      ask("registered", { taskinfoitems: items, builtins }, target),
    activeQueues: (target) => ask("active_queues", {}, target),
    stats: (target) => ask("stats", {}, target),
    revoked: (target) => ask("revoked", {}, target),
    conf: ({ withDefaults = false } = {}, target) => ask("conf", { with_defaults: withDefaults }, target),
    report: (target) => ask("report", {}, target),
    queryTask: (taskIds, target) => ask("query_task", { ids: [taskIds].flat() }, target),
    clock: (target) => ask("clock", {}, target),
    memsample: (target) => ask("memsample", {}, target),
    hello: (fromNode, revoked, target) => ask("hello", { from_node: fromNode, revoked }, target),
  };
}
