import type { QueueDeclaration } from "../../src/broker/broker.ts";
import type { RequestView, WorkerInside } from "../../src/worker/inside.ts";
import type { TaskRequest } from "../../src/worker/task.ts";

/** A worker's inside made of plain data, that notes what is done to it. */
export interface PlainInside extends WorkerInside {
  held: RequestView[];
  /** What was called, with its arguments: `["resizePool", 3]`. */
  readonly done: unknown[][];
}

export function plainInside(name: string, parts: Partial<WorkerInside> = {}): PlainInside {
  const done: unknown[][] = [];
  const queues: QueueDeclaration[] = [
    { name: "deep_sky", exchange: "deep_sky", exchangeType: "direct", routingKey: "deep_sky" },
  ];
  let concurrency = 2;
  const inside: PlainInside = {
    name,
    held: [],
    done,
    requests: () => inside.held,
    tasks: () => [{ name: "resize", rateLimit: "5/m", acksLate: true }, { name: "add" }, { name: "celery.chord" }],
    queues: () => queues,
    totals: () => ({ add: 7 }),
    load: () => ({ processed: 7, active: 1 }),
    uptime: () => 12.7,
    prefetchCount: () => 8,
    pool: () => ({
      ...{ implementation: "inline", concurrency, processes: [4711], maxTasksPerChild: undefined },
      ...{ running: 1, waiting: 0, zombies: 0, deaths: 0, crashLoop: undefined },
    }),
    broker: () => ({
      transport: "redis",
      hostname: "127.0.0.1",
      port: 6379,
      virtualHost: "0",
      userid: null,
      ssl: false,
    }),
    configuration: () => ({
      broker_url: "redis://worker:hunter2@127.0.0.1:6379/0",
      redis_password: "hunter2",
      task_acks_late: true,
      task_time_limit: 30,
      transport_options: { client_secret: "hunter2", visibility_timeout: 3600 },
    }),
    isDone: (id) => id === "done-before",
    revoke(ids, signal) {
      done.push(["revoke", [...ids], signal]);
      return inside.held.map(({ request }) => request.id).filter((id) => ids.includes(id));
    },
    setRateLimit(task, limit) {
      done.push(["setRateLimit", task, limit]);
      return task === "add" ? undefined : "unknown task";
    },
    setTimeLimits(task, limits) {
      done.push(["setTimeLimits", task, limits]);
      return task === "add" ? undefined : "unknown task";
    },
    resizePool(to) {
      done.push(["resizePool", to]);
      concurrency = to;
    },
    async addConsumer(queue) {
      done.push(["addConsumer", queue]);
    },
    async cancelConsumer(queue) {
      done.push(["cancelConsumer", queue]);
      return queue === "deep_sky";
    },
    shutdown: () => done.push(["shutdown"]),
    ...parts,
  };
  return inside;
}

/** A held task, as the worker shows it. */
export function aRequest(
  id: string,
  state: RequestView["state"],
  more: Partial<TaskRequest> & Partial<Pick<RequestView, "startedAt" | "pid">> = {},
): RequestView {
  const { startedAt, pid, ...request } = more;
  return {
    request: {
      id,
      name: "add",
      queue: "deep_sky",
      args: [2, 40],
      kwargs: {},
      retries: 0,
      redelivered: false,
      headers: {},
      replyTo: undefined,
      rootId: id,
      parentId: undefined,
      groupId: undefined,
      groupIndex: undefined,
      isFollowed: false,
      priority: 0,
      eta: undefined,
      expires: undefined,
      stamps: {},
      ...request,
    },
    state,
    argsrepr: "(2, 40)",
    kwargsrepr: "{}",
    acknowledged: false,
    deliveryInfo: { exchange: "", routingKey: "deep_sky", priority: 0, redelivered: false },
    startedAt,
    pid,
  };
}
