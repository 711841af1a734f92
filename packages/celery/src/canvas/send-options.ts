import type { Signature } from "./signature.ts";

/** How a task is sent: Celery's `apply_async` options. */
export interface SendOptions {
  args?: unknown[];
  kwargs?: Record<string, unknown>;
  /** Task id; a new uuid by default. */
  id?: string;
  /** 0 (served first) to 9. */
  priority?: number;
  /** Seconds from now. */
  countdown?: number;
  eta?: Date;
  /** A time, or seconds from now. */
  expires?: Date | number;
  /** Hard limit in seconds. */
  timeLimit?: number;
  /** Soft limit in seconds. */
  softTimeLimit?: number;
  ignoreResult?: boolean;
  shadow?: string;
  serializer?: "json" | "msgpack" | "yaml";
  compression?: "zlib" | "bzip2" | "zstd" | "brotli" | "lzma";
  replyTo?: string;
  /** The sender's own headers, beside Celery's; W3C trace headers for example. */
  headers?: Record<string, unknown>;
  stamps?: Record<string, unknown>;
  /** Signatures to be sent when it has succeeded, with its result as first argument. */
  link?: Signature[];
  /** Signatures to be sent when it has failed, with its id as first argument. */
  linkError?: Signature[];
  groupId?: string;
  groupIndex?: number;
  /** Instead of the queue: an exchange and a routing key. */
  exchange?: string;
  routingKey?: string;
  parentId?: string;
  rootId?: string;
}
