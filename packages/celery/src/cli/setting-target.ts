import type { RedisBrokerOptions } from "../broker/redis.ts";
import type { RedisResultsOptions } from "../results/redis.ts";
import type { WorkerOptions } from "../worker/options.ts";
import type { TaskOptions } from "../worker/task.ts";

/** Where a setting's value goes: to an option of createWorker, of the broker, of the result store, or of the program. */
export type SettingTarget =
  | `worker.${keyof WorkerOptions}`
  | `broker.${keyof RedisBrokerOptions}`
  | `results.${keyof RedisResultsOptions}`
  | `program.${keyof ProgramSettings}`
  /** To several, by its keys. */
  | "broker.*"
  | "results.*";

/** What only the program `celery-node` heeds. Times are in seconds. */
export interface ProgramSettings {
  broker?: string;
  brokerTls?: TlsSetting;
  backend?: string;
  backendTls?: TlsSetting;
  connectionRetryOnStartup?: boolean;
  connectionMaxRetries?: number | null;
  /** Options of tasks by their names, globs allowed. */
  annotations?: Readonly<Record<string, TaskOptions>>;
  disableRateLimits?: boolean;
  pool?: string;
  maxTasksPerChild?: number | null;
  maxMemoryPerChild?: number | null;
  softShutdownTimeout?: number;
  logColor?: boolean;
}

/** Celery's `broker_use_ssl`: true, or redis-py's options. Paths of PEM files. */
export type TlsSetting =
  | boolean
  | {
      ssl_cert_reqs?: string;
      ssl_ca_certs?: string;
      ssl_certfile?: string;
      ssl_keyfile?: string;
      ssl_check_hostname?: boolean;
      /** Ours: the name that the server's certificate carries, where it is not the host's. */
      ssl_server_name?: string;
    };
