import { hostname } from "node:os";
import { type Logger, pino } from "pino";
import type { Broker } from "../broker/broker.ts";
import { memoryBroker } from "../broker/memory.ts";
import { MemoryBrokerHub } from "../broker/memory-hub.ts";
import { redisBroker } from "../broker/redis.ts";
import { type RedisTlsOptions, redisUseSsl } from "../broker/redis-tls.ts";
import { createClient } from "../client/client.ts";
import { createControl } from "../client/control.ts";
import { MemoryResultHub, memoryResults } from "../results/memory.ts";
import { redisResults } from "../results/redis.ts";
import type { ResultStore } from "../results/results.ts";
import { createEventDispatcher, type EventDispatcher } from "../worker/events/event-dispatcher.ts";
import { LamportClock } from "../worker/events/lamport-clock.ts";
import { taskSentEvents } from "../worker/events/task-sent.ts";
import type { Addresses, App, AppConnection } from "./app-definition.ts";
import { noResults } from "./no-results.ts";
import { SettingError } from "./setting-error.ts";
import type { TlsSetting } from "./setting-target.ts";

/**
 * Connects as the app's settings say, to these addresses.
 *
 * @throws {RedisError} when a URL cannot be read, or a server cannot be reached
 * @throws {SettingError} when no broker is named
 */
export async function connectApp(
  app: App,
  addresses: Addresses,
  options: { signal?: AbortSignal | undefined; log?: Logger | undefined } = {},
): Promise<AppConnection> {
  const parts = makeParts(app, addresses, options.log);
  const { worker } = app.settings;
  const events = worker.sendSentEvents ? producerEvents(parts.broker) : undefined;
  const client = createClient({
    ...parts,
    ...(worker.defaultQueue !== undefined && { defaultQueue: worker.defaultQueue }),
    ...(worker.route && { route: worker.route }),
    ...(events && { onSent: taskSentEvents(events) }),
  });
  const close = async () => {
    await events?.flush();
    await Promise.all([parts.broker.close(), parts.results.close()]);
  };
  try {
    await Promise.all([parts.broker.connect(options.signal), parts.results.connect(options.signal)]);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...parts, client, control: createControl(parts), close };
}

/** Celery's `task_send_sent_event`: a producer tells under a name of its own. */
function producerEvents(broker: Broker): EventDispatcher {
  const name = `gen${process.pid}@${hostname()}`;
  const log = pino({ level: "silent" });
  return createEventDispatcher({ broker, name, clock: new LamportClock(), taskEvents: true, log });
}

/** Broker and result store, not yet connected. @throws {RedisError} @throws {SettingError} */
export function makeParts(
  app: App,
  { broker, backend }: Addresses,
  log: Logger | undefined,
): { broker: Broker; results: ResultStore } {
  if (broker === undefined)
    throw new SettingError("no broker is named: set `broker` of the app, CELERY_BROKER_URL, or give --broker");
  return { broker: makeBroker(app, broker, log), results: makeResults(app, backend, log) };
}

function makeBroker(app: App, url: string, log: Logger | undefined): Broker {
  const { lease } = app.options;
  const leaseMs = lease === undefined ? {} : { lease: lease * 1000 };
  if (isMemory(url)) return memoryBroker({ hub: memoryOf(app).broker, ...leaseMs });
  const tls = readTls(app.settings.program.brokerTls, "broker");
  return redisBroker({ ...app.settings.broker, ...leaseMs, url, ...(tls && { tls }), log });
}

function makeResults(app: App, url: string | undefined, log: Logger | undefined): ResultStore {
  if (url === undefined) return noResults();
  if (isMemory(url)) return memoryResults(memoryOf(app).results);
  const tls = readTls(app.settings.program.backendTls, "backend");
  return redisResults({ ...app.settings.results, url, ...(tls && { tls }), log });
}

/** `ssl_server_name` is ours; the rest is Celery's. */
function readTls(setting: TlsSetting | undefined, use: "broker" | "backend"): RedisTlsOptions | undefined {
  if (typeof setting !== "object") return redisUseSsl(setting, { use });
  const { ssl_server_name: serverName, ...celerys } = setting;
  const tls = redisUseSsl(celerys, { use });
  return tls && serverName !== undefined ? { ...tls, serverName } : tls;
}

/** `memory://`, as kombu has it, and `cache+memory://`, as Celery's backends have it. */
function isMemory(url: string): boolean {
  return /^(cache\+)?memory:/.test(url);
}

/** What lies in memory is the app's: all its connections share it. */
function memoryOf(app: App): { broker: MemoryBrokerHub; results: MemoryResultHub } {
  const known = memories.get(app);
  if (known) return known;
  const made = { broker: new MemoryBrokerHub(), results: new MemoryResultHub() };
  memories.set(app, made);
  return made;
}

const memories = new WeakMap<App, { broker: MemoryBrokerHub; results: MemoryResultHub }>();
