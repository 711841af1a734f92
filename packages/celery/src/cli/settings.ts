import type { QueueDeclaration } from "../broker/broker.ts";
import type { TaskOptions } from "../worker/task.ts";
import type { TaskRoutes } from "./routes.ts";
import type { SettingTarget, TlsSetting } from "./setting-target.ts";
import type { BrokerTransportOptions, ResultTransportOptions } from "./transport-options.ts";

/** What a setting may hold, by the name of its kind. Times are in seconds, as in Celery. */
export interface SettingKinds {
  boolean: boolean;
  whole: number;
  /** A whole number, or null for no bound. */
  "whole or null": number | null;
  seconds: number;
  "seconds or null": number | null;
  text: string;
  texts: readonly string[];
  /** `10/s`, `100/m`, `5/h`. */
  rate: string | null;
  queues: readonly (string | QueueDeclaration)[];
  routes: TaskRoutes;
  annotations: Readonly<Record<string, TaskOptions>>;
  tls: TlsSetting;
  "broker options": BrokerTransportOptions;
  "result options": ResultTransportOptions;
}

export interface Setting {
  kind: keyof SettingKinds;
  /** Celery's default, as JSON; a time in seconds. */
  python: unknown;
  /** Ours, where it differs. */
  ours?: unknown;
  /** The option it ends up as, and for whom; some need more than a name (`read-settings.ts`). */
  to: SettingTarget;
  /** The option takes milliseconds. */
  ms?: true;
  note?: string;
}

/** Celery's settings that have a meaning here. The table in README.md is made from this. */
export const settings = {
  broker_url: { kind: "text", python: null, to: "program.broker", note: "also `broker`" },
  broker_use_ssl: { kind: "tls", python: false, to: "program.brokerTls" },
  broker_transport_options: { kind: "broker options", python: {}, to: "broker.*", note: "see below" },
  broker_connection_timeout: { kind: "seconds", python: 4, ours: 10, to: "broker.connectTimeout", ms: true },
  broker_connection_retry_on_startup: {
    kind: "boolean",
    python: null,
    ours: true,
    to: "program.connectionRetryOnStartup",
  },
  broker_connection_max_retries: {
    kind: "whole or null",
    python: 100,
    to: "program.connectionMaxRetries",
    note: "at the start; later it is tried for ever",
  },
  result_backend: { kind: "text", python: null, to: "program.backend", note: "also `backend`" },
  redis_backend_use_ssl: { kind: "tls", python: null, ours: false, to: "program.backendTls" },
  redis_socket_timeout: { kind: "seconds", python: 120, ours: 6, to: "results.answerTimeout", ms: true },
  redis_socket_connect_timeout: { kind: "seconds", python: null, ours: 10, to: "results.connectTimeout", ms: true },
  result_backend_transport_options: { kind: "result options", python: {}, to: "results.*", note: "see below" },
  result_expires: { kind: "seconds or null", python: 86_400, to: "results.expires", note: "0 or null: for ever" },
  result_extended: { kind: "boolean", python: false, to: "worker.resultExtended" },
  accept_content: { kind: "texts", python: ["json"], to: "worker.accept" },
  task_queues: { kind: "queues", python: null, to: "worker.queues" },
  task_default_queue: { kind: "text", python: "celery", to: "worker.defaultQueue" },
  task_routes: { kind: "routes", python: null, to: "worker.route" },
  task_annotations: {
    kind: "annotations",
    python: null,
    to: "program.annotations",
    note: "by the task's name, `*` for all",
  },
  task_acks_late: {
    kind: "boolean",
    python: false,
    ours: true,
    to: "worker.acksLate",
    note: "nothing is lost in a crash; see differences",
  },
  task_acks_on_failure_or_timeout: { kind: "boolean", python: true, to: "worker.acksOnFailureOrTimeout" },
  task_reject_on_worker_lost: { kind: "boolean", python: null, ours: false, to: "worker.rejectOnWorkerLost" },
  task_ignore_result: { kind: "boolean", python: false, to: "worker.ignoreResult" },
  task_store_errors_even_if_ignored: { kind: "boolean", python: false, to: "worker.storeErrorsEvenIfIgnored" },
  task_track_started: { kind: "boolean", python: false, to: "worker.trackStarted" },
  task_time_limit: { kind: "seconds or null", python: null, to: "worker.timeLimit" },
  task_soft_time_limit: { kind: "seconds or null", python: null, to: "worker.softTimeLimit" },
  task_default_rate_limit: { kind: "rate", python: null, to: "worker.rateLimit" },
  worker_disable_rate_limits: { kind: "boolean", python: false, to: "program.disableRateLimits" },
  worker_concurrency: {
    kind: "whole or null",
    python: null,
    to: "worker.concurrency",
    note: "null: one per processor",
  },
  worker_pool: {
    kind: "text",
    python: "prefork",
    ours: "inline",
    to: "program.pool",
    note: "`inline` (or `solo`), `process` (or `prefork`)",
  },
  worker_max_tasks_per_child: { kind: "whole or null", python: null, to: "program.maxTasksPerChild" },
  worker_max_memory_per_child: { kind: "whole or null", python: null, to: "program.maxMemoryPerChild", note: "KiB" },
  worker_prefetch_multiplier: { kind: "whole", python: 4, to: "worker.prefetchMultiplier" },
  worker_deduplicate_successful_tasks: {
    kind: "boolean",
    python: false,
    to: "worker.deduplicateSuccessfulTasks",
  },
  worker_enable_remote_control: { kind: "boolean", python: true, to: "worker.control", note: "false: `control: off`" },
  task_inherit_parent_priority: { kind: "boolean", python: false, to: "worker.inheritParentPriority" },
  task_send_sent_event: { kind: "boolean", python: false, to: "worker.sendSentEvents" },
  worker_send_task_events: { kind: "boolean", python: false, to: "worker.events" },
  worker_soft_shutdown_timeout: { kind: "seconds", python: 0, to: "program.softShutdownTimeout" },
  worker_log_color: { kind: "boolean", python: null, to: "program.logColor", note: "by default on a terminal" },
} as const satisfies Record<string, Setting>;

/** Celery's settings that have exactly one value here: another one is refused with the reason. */
export const fixedSettings: Readonly<Record<string, { value: unknown; why: string }>> = {
  enable_utc: { value: true, why: "times in messages are UTC" },
  timezone: { value: null, why: "times in messages are UTC" },
  broker_connection_retry: { value: true, why: "a lost connection is always mended" },
  result_serializer: { value: "json", why: "results are JSON" },
  result_backend_always_retry: { value: true, why: "storing a result is tried for as long as the lease lasts" },
  task_create_missing_queues: { value: true, why: "a queue that is named is declared" },
  task_default_delivery_mode: { value: 2, why: "Redis knows no other" },
  task_default_exchange_type: { value: "direct", why: "other exchanges are declared in `task_queues`" },
  task_protocol: { value: 2, why: "protocol 1 is read, not written" },
  worker_cancel_long_running_tasks_on_connection_loss: {
    value: false,
    why: "tasks go on through an outage and acknowledge afterwards",
  },
  worker_detect_quorum_queues: { value: false, why: "quorum queues are RabbitMQ's" },
  worker_pool_restarts: { value: false, why: "HUP restarts the whole worker" },
  worker_disable_prefetch: { value: false, why: "set worker_prefetch_multiplier" },
};

/** Celery's settings without a meaning here, by name or by what names begin with, and why. */
export const unsupportedSettings: Readonly<Record<string, string>> = {
  "arangodb_*": "results lie in Redis",
  "azureblockblob_*": "results lie in Redis",
  "beat_*": "there is no beat: let Python's, or cron, send what is periodic",
  broker_channel_error_retry: "Redis has no channels",
  broker_failover_strategy: "the servers of a `;`-list are tried in turn",
  "broker_heartbeat*": "AMQP's; half-open connections to Redis are noticed by their silence",
  broker_host: "say it in broker_url",
  broker_login_method: "AMQP's",
  broker_native_delayed_delivery_queue_type: "RabbitMQ's",
  broker_password: "say it in broker_url",
  broker_pool_acquire_timeout: "there is no pool: one connection carries all commands",
  broker_pool_limit: "there is no pool: one connection carries all commands",
  broker_port: "say it in broker_url",
  broker_read_url: "one broker both ways",
  broker_transport: "the scheme of broker_url says it",
  broker_user: "say it in broker_url",
  broker_vhost: "say it in broker_url",
  broker_write_url: "one broker both ways",
  "cache_*": "results lie in Redis",
  "cassandra_*": "results lie in Redis",
  "control_queue_*": "replies live for ten seconds in lists of their own",
  "control_*": "the exchange has Celery's usual name",
  "cosmosdbsql_*": "results lie in Redis",
  "couchbase_*": "results lie in Redis",
  "database_*": "results lie in Redis",
  "elasticsearch_*": "results lie in Redis",
  "event_*": "events go out as JSON over the exchange celeryev",
  "gcs_*": "results lie in Redis",
  imports: "import the modules in the app's own",
  include: "import the modules in the app's own",
  "mongodb_*": "results lie in Redis",
  redis_db: "say it in result_backend",
  redis_host: "say it in result_backend",
  redis_max_connections: "one connection carries all commands",
  redis_password: "say it in result_backend",
  redis_port: "say it in result_backend",
  redis_retry_on_timeout: "nothing is sent twice by the connection itself",
  redis_socket_keepalive: "always on",
  redis_username: "say it in result_backend",
  result_accept_content: "results are JSON",
  "result_backend_*": "storing a result is tried for as long as the lease lasts",
  result_cache_max: "results are not cached",
  "result_chord_*": "a chord's last member starts its body; nobody polls",
  result_compression: "results are not compressed",
  "result_exchange*": "the rpc backend's",
  result_persistent: "the rpc backend's",
  "s3_*": "results lie in Redis",
  "security_*": "signed messages are not supported",
  task_acks_on_failure: "set task_acks_on_failure_or_timeout",
  task_acks_on_timeout: "set task_acks_on_failure_or_timeout",
  task_allow_error_cb_on_chord_header: "errbacks of a chord are those of its body",
  task_always_eager: "use the test kit: @ccatobs/celery/testing",
  task_compression: "say it when sending",
  "task_create_missing_queue_*": "a queue that is named is declared as a direct one",
  "task_default_*": "say it when sending, or in task_routes",
  task_eager_propagates: "use the test kit: @ccatobs/celery/testing",
  "task_publish_retry*": "publishing rejects when the broker does not take it; the sender decides",
  task_queue_max_priority: "RabbitMQ's",
  task_remote_tracebacks: "tracebacks are always text",
  task_serializer: "say it when sending; JSON otherwise",
  task_store_eager_result: "use the test kit: @ccatobs/celery/testing",
  worker_agent: "Python's own machinery",
  worker_autoscaler: "the pool has the size that it is given; `pool_grow` and `pool_shrink` change it",
  worker_consumer: "Python's own machinery",
  worker_direct: "name a queue of its own with -Q",
  worker_enable_prefetch_count_reduction: "a lost connection changes nothing in what is held",
  worker_enable_soft_shutdown_on_idle: "what waits for its eta lies at the broker: there is nothing to wait for",
  worker_eta_task_limit: "what waits for its eta lies at the broker, not in memory",
  worker_hijack_root_logger: "Python's own machinery",
  worker_log_format: "a log line is JSON, or for people on a terminal",
  worker_lost_wait: "a child's death is told by the system at once",
  worker_pool_putlocks: "Python's own machinery",
  worker_proc_alive_timeout: "Python's own machinery",
  "worker_redirect_stdouts*": "what a task prints goes where it prints it",
  worker_state_db: "revoked tasks are learnt from the other workers at the start",
  worker_task_log_format: "a log line is JSON, or for people on a terminal",
  "worker_timer*": "Python's own machinery",
};

export type SettingName = keyof typeof settings;

/** Settings under Celery's own names, or those in camel case: `task_acks_late` and `taskAcksLate` are the same. */
export type CelerySettings = {
  [N in SettingName as N | Camel<N>]?: SettingKinds[(typeof settings)[N]["kind"]];
};

type Camel<S extends string> = S extends `${infer Head}_${infer Rest}` ? `${Head}${Capitalize<Camel<Rest>>}` : S;

/** `task_acks_late` → `taskAcksLate`. */
export function camelName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `taskAcksLate` → `task_acks_late`. */
export function celeryName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Why a setting of Celery's has no meaning here; undefined when it is none of those. */
export function whyUnsupported(name: string): string | undefined {
  const pattern = Object.keys(unsupportedSettings).find(
    (key) => key === name || (key.endsWith("*") && name.startsWith(key.slice(0, -1))),
  );
  return pattern === undefined ? undefined : unsupportedSettings[pattern];
}
