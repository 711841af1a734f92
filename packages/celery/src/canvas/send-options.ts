import type { CompressionName } from "../message/compression.ts";
import type { SerializerName } from "../message/serializers.ts";
import type { Signature } from "./signature.ts";

/** How a task is sent: Celery's `apply_async` options. */
export interface SendOptions {
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
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
  /** The name by which the task is shown instead of its own. */
  shadow?: string;
  /** `json` by default. */
  serializer?: SerializerName;
  compression?: CompressionName;
  replyTo?: string;
  /** The sender's own headers, beside Celery's; W3C trace headers for example. */
  headers?: Readonly<Record<string, unknown>>;
  /** Values by name: tasks can be revoked by them, and `result_extended` keeps them. */
  stamps?: Readonly<Record<string, unknown>>;
  /** Signatures to be sent when it has succeeded, with its result as first argument. */
  link?: readonly Signature[];
  /** Signatures to be sent when it has failed, with its id as first argument. */
  linkError?: readonly Signature[];
  groupId?: string;
  groupIndex?: number;
  /** Instead of the queue: an exchange and a routing key. */
  exchange?: string;
  routingKey?: string;
  parentId?: string;
  rootId?: string;
}
