import type { Settings } from "../../settings/settings.ts";
import type { TlsFiles } from "../tls-files.ts";

/** Why there is no Redis to check. */
export function withoutRedis({ broker }: Settings): string | undefined {
  return broker.kind === "redis" ? undefined : `broker.kind is ${broker.kind}`;
}

/** Why there is no TLS to Redis to check. */
export function withoutRedisTls(settings: Settings): string | undefined {
  return withoutRedis(settings) ?? (settings.redis.tls ? undefined : "redis.tls is false");
}

export function redisFiles({ redis }: Settings): TlsFiles {
  return { ca: redis.caFile, cert: redis.certFile, key: redis.keyFile };
}
