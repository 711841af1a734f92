export type {
  Broker,
  BrokerEvents,
  DeadLetter as DeadLetterEntry,
  Delivery,
  QueueState,
  Renewed,
  Settled,
} from "./broker/broker.ts";
export { BrokerNotConnected, type MemoryBrokerOptions, memoryBroker } from "./broker/memory.ts";
export { MemoryBrokerHub } from "./broker/memory-hub.ts";
export { type RedisBrokerOptions, redisBroker } from "./broker/redis.ts";
export type { RedisConnectionOptions, RedisTlsOptions } from "./broker/redis-connection.ts";
export { RedisError, type RedisFault } from "./broker/redis-errors.ts";
export type { RedisKeyOptions } from "./broker/redis-keys.ts";
export type { SendOptions } from "./canvas/send-options.ts";
export { CeleryError, type CeleryErrorKind } from "./celery-error.ts";
export { type App, type AppOptions, defineApp } from "./cli/app.ts";
export type { AppConnection } from "./cli/connect-app.ts";
export { SettingError } from "./cli/setting-error.ts";
export type { CelerySettings } from "./cli/settings.ts";
export { type Client, createClient, type PendingResult, TaskFailed } from "./client/client.ts";
export { type DecodedTask, decodeTask } from "./message/decode-task.ts";
export { type Embed, encodeRetry, encodeTask, publishedAtHeader, type TaskToSend } from "./message/encode-task.ts";
export type { Envelope, EnvelopeProperties } from "./message/envelope.ts";
export { readEnvelope, writeEnvelope } from "./message/envelope-text.ts";
export { defaultLimits, type MessageLimits } from "./message/inert-json.ts";
export { argsRepr, pythonRepr } from "./message/python-repr.ts";
export { UndecodableMessage, type UndecodableReason } from "./message/undecodable-message.ts";
export { MemoryResultHub, memoryResults } from "./results/memory.ts";
export { type RedisResultsOptions, redisResults } from "./results/redis.ts";
export type { RemoteError, ResultStore, TaskMeta, TaskState } from "./results/results.ts";
export { isReady } from "./results/task-state.ts";
export { type DefineTaskOptions, InvalidArguments, type TypedTask, task } from "./worker/define-task.ts";
export type { TaskIdentity, WorkerEvents, WorkerHooks } from "./worker/hooks.ts";
export type { CountedState, Worker, WorkerFacts, WorkerOptions } from "./worker/options.ts";
export { DeadLetter, Ignore, LeaseLost, Requeue, Retry, TaskOutcome, WorkerShutdown } from "./worker/outcomes.ts";
export type { Task, TaskContext, TaskOptions, TaskRequest } from "./worker/task.ts";
export { createWorker } from "./worker/worker.ts";
