// Where messages and results lie.
export type {
  Address,
  Broker,
  BrokerDescription,
  BrokerEvents,
  DeadLetter as DeadLetterEntry,
  Delivery,
  Mailbox,
  QueueDeclaration,
  QueueState,
  Renewed,
  Settled,
  Subscription,
} from "./broker/broker.ts";
export { type CertificateFacts, certificateFacts } from "./broker/certificate-files.ts";
export { BrokerNotConnected, type MemoryBrokerOptions, memoryBroker } from "./broker/memory.ts";
export { MemoryBrokerHub } from "./broker/memory-hub.ts";
export { type RedisBrokerOptions, redisBroker } from "./broker/redis.ts";
export { RedisError, type RedisFault } from "./broker/redis-errors.ts";
export {
  type CertificateDates,
  examineCertificates,
  examineRedis,
  type RedisExamination,
} from "./broker/redis-examination.ts";
export type { RedisKeyOptions } from "./broker/redis-keys.ts";
export type { RedisConnectionOptions, RedisEndpoint } from "./broker/redis-options.ts";
export { type RedisTlsOptions, redisUseSsl } from "./broker/redis-tls.ts";
export { redisUrl } from "./broker/redis-url.ts";
export { Unroutable } from "./broker/unroutable.ts";
// Sending tasks, awaiting results, controlling workers.
export {
  Canvas,
  chain,
  chord,
  chunks,
  group,
  immutableSignature,
  map,
  type PartialArguments,
  type ResultOf,
  signature,
  starmap,
  type TaskReference,
} from "./canvas/compose.ts";
export { MalformedCanvas } from "./canvas/malformed-canvas.ts";
export type { SendOptions } from "./canvas/send-options.ts";
export type { Signature, SignatureOptions } from "./canvas/signature.ts";
export type { SignatureSettings } from "./canvas/signature-options.ts";
export type { OnSent } from "./canvas/task-sender.ts";
export { CeleryError, type CeleryErrorKind } from "./celery-error.ts";
// Applications, as the program `celery-node` runs them.
export { defineApp } from "./cli/app.ts";
export type { App, AppConnection, AppOptions } from "./cli/app-definition.ts";
export { SettingError } from "./cli/setting-error.ts";
export type { CelerySettings } from "./cli/settings.ts";
export { type Client, type ClientOptions, createClient, type PendingResult, TaskFailed } from "./client/client.ts";
export { type Control, type ControlTarget, createControl, type Replies } from "./client/control.ts";
export type {
  HelloReply,
  Outcome,
  QueriedTask,
  QueueInfo,
  RequestInfo,
  ScheduledInfo,
  WorkerStats,
} from "./client/control-replies.ts";
export type { Inspect } from "./client/inspect.ts";
// Messages, for those who read and write them by themselves.
export { boundedMatcher, PatternRefused } from "./message/bounded-pattern.ts";
export type { CompressionName } from "./message/compression.ts";
export { type DecodedTask, type DecodeOptions, decodeTask } from "./message/decode-task.ts";
export {
  type Embed,
  encodeAgain,
  encodeRetry,
  encodeTask,
  publishedAtHeader,
  type TaskToSend,
} from "./message/encode-task.ts";
export type { Envelope, EnvelopeProperties } from "./message/envelope.ts";
export { readEnvelope, writeEnvelope } from "./message/envelope-text.ts";
export { parseInertJson } from "./message/inert-json.ts";
export { defaultLimits, type MessageLimits } from "./message/limits.ts";
export { argsRepr, pythonRepr } from "./message/python-repr.ts";
export { PythonDate, PythonDateTime, PythonDecimal, PythonTime, PythonUuid } from "./message/python-values.ts";
export type { SerializerName } from "./message/serializers.ts";
export { UndecodableMessage, type UndecodableReason } from "./message/undecodable-message.ts";
export { UnencodableValue } from "./message/unencodable-value.ts";
export { writeJson } from "./message/write-json.ts";
export { MemoryResultHub, memoryResults } from "./results/memory.ts";
export { type RedisResultsOptions, redisResults } from "./results/redis.ts";
export type { ResultTuple } from "./results/result-tuple.ts";
export type { ChordJoin, ChordPart, RemoteError, ResultStore, TaskMeta, TaskState } from "./results/results.ts";
export { isReady } from "./results/task-state.ts";
// Tasks, and the worker that runs them.
export { type DefineTaskOptions, InvalidArguments, type TypedTask, task } from "./worker/define-task.ts";
export { sentEvents } from "./worker/events/task-sent.ts";
export type { TaskIdentity, WorkerEvents, WorkerHooks } from "./worker/hooks.ts";
export type { CountedState, Worker, WorkerFacts, WorkerOptions } from "./worker/options.ts";
export {
  DeadLetter,
  Ignore,
  LeaseLost,
  Replace,
  Requeue,
  Retry,
  SoftTimeLimitExceeded,
  TaskOutcome,
  TaskRevoked,
  TimeLimitExceeded,
  WorkerLostError,
  WorkerShutdown,
} from "./worker/outcomes.ts";
export { ChildStartFailed } from "./worker/pool/child-start-failed.ts";
export { type InlinePoolOptions, inlinePool } from "./worker/pool/inline.ts";
export type { Job, JobEnd, Pool, PoolFacts } from "./worker/pool/pool.ts";
export { type ProcessPoolOptions, processPool } from "./worker/pool/process.ts";
export type { QueueOrderStrategy } from "./worker/queue-cycle.ts";
export type { Task, TaskContext, TaskOptions, TaskRequest } from "./worker/task.ts";
export { createWorker } from "./worker/worker.ts";
