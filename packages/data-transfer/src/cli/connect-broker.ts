import {
  type Broker,
  MemoryBrokerHub,
  MemoryResultHub,
  memoryBroker,
  memoryResults,
  type RedisConnectionOptions,
  type ResultStore,
  redisBroker,
  redisResults,
} from "@ccatobs/celery";
import type { Logger } from "pino";
import type { Settings } from "../settings/settings.ts";
import { attemptTimeout, keepTrying } from "./keep-trying.ts";
import { translateBrokerError } from "./translate-broker-error.ts";

/** A broker and its results, connected. */
export interface Connection {
  broker: Broker;
  results: ResultStore;
  close(): Promise<void>;
}

/** With `broker.kind = "memory"`, all connections of this process lead to the same messages. */
const messages = new MemoryBrokerHub();
const outcomes = new MemoryResultHub();

/**
 * Broker and result store, connected. They are tried, visibly, for `startup_timeout`; what only a person can mend is
 * thrown at once.
 *
 * @throws any of errors/broker.ts, or the signal's reason
 */
export async function connectBroker(settings: Settings, log: Logger, signal: AbortSignal): Promise<Connection> {
  const open = settings.broker.kind === "memory" ? () => inMemory(settings) : () => onRedis(settings, log);
  const waiting = { what: describe(settings), timeout: settings.startupTimeout, log, signal };
  return await keepTrying(waiting, async () => {
    // Made anew at every attempt: certificates may have been put in place or renewed meanwhile.
    let connection: Connection | undefined;
    try {
      connection = open();
      await connection.broker.connect(signal);
      await connection.results.connect(signal);
      return connection;
    } catch (error) {
      await connection?.close();
      throw translateBrokerError(error);
    }
  });
}

/** The settings as Redis' client wants them. */
export function redisOptions({ redis, startupTimeout }: Settings): RedisConnectionOptions {
  return {
    host: redis.host ?? "localhost",
    port: redis.port,
    db: redis.db,
    username: redis.username,
    password: redis.password?.reveal(),
    clientName: "ccat_data_transfer",
    connectTimeout: attemptTimeout(redis.connectTimeout, startupTimeout),
    tls: redis.tls
      ? {
          ca: redis.caFile,
          cert: redis.certFile,
          key: redis.keyFile,
          serverName: redis.serverName,
          checkHostName: redis.checkHostname,
        }
      : undefined,
  };
}

/** @param log  told when certificate files were renewed, or cannot be used */
function onRedis(settings: Settings, log: Logger): Connection {
  const options = { ...redisOptions(settings), globalKeyPrefix: settings.redis.globalKeyprefix, log };
  const { visibilityTimeout } = settings.redis;
  return both(
    redisBroker({ ...options, lease: settings.broker.lease * 1000, visibilityTimeout }),
    redisResults({ ...options, expires: settings.results.expires }),
  );
}

function inMemory(settings: Settings): Connection {
  return both(memoryBroker({ hub: messages, lease: settings.broker.lease * 1000 }), memoryResults(outcomes));
}

function both(broker: Broker, results: ResultStore): Connection {
  return {
    broker,
    results,
    async close() {
      await Promise.all([broker.close(), results.close()]);
    },
  };
}

function describe({ broker, redis }: Settings): string {
  return broker.kind === "memory" ? "the broker in memory" : `Redis at ${redis.host}:${redis.port}`;
}
