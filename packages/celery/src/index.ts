export type {
  Broker,
  BrokerEvents,
  DeadLetter as DeadLetterEntry,
  Delivery,
  QueueState,
  Renewed,
  Settled,
} from "./broker/broker.ts";
export { CeleryError, type CeleryErrorKind } from "./celery-error.ts";
export { type Client, createClient, type PendingResult, TaskFailed } from "./client/client.ts";
export type { Envelope, EnvelopeProperties } from "./message/envelope.ts";
export type { RemoteError, ResultStore, TaskMeta, TaskState } from "./results/results.ts";
export type { TaskIdentity, WorkerEvents, WorkerHooks } from "./worker/hooks.ts";
export type { CountedState, Worker, WorkerFacts, WorkerOptions } from "./worker/options.ts";
export { DeadLetter, Ignore, LeaseLost, Requeue, Retry, TaskOutcome, WorkerShutdown } from "./worker/outcomes.ts";
export type { SendOptions, Task, TaskContext, TaskRequest } from "./worker/task.ts";
export { createWorker } from "./worker/worker.ts";
