import type { Level } from "pino";

/** What the command line says of a worker. Times are in seconds. */
export interface WorkerInput {
  queues?: string[];
  excludeQueues?: string[];
  concurrency?: number;
  hostname?: string;
  pool?: string;
  loglevel: Level;
  taskEvents?: boolean;
  events?: boolean;
  withoutGossip?: boolean;
  withoutMingle?: boolean;
  withoutHeartbeat?: boolean;
  heartbeatInterval?: number;
  prefetchMultiplier?: number;
  maxTasksPerChild?: number;
  maxMemoryPerChild?: number;
  timeLimit?: number;
  softTimeLimit?: number;
  softShutdownTimeout?: number;
  shutdownGrace?: number;
  purge?: boolean;
  discard?: boolean;
  pidfile?: string;
}
