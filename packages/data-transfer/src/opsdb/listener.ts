import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";

export interface Listener {
  stop(): Promise<void>;
}

interface ListenerParts {
  /** Makes a connection that is ours alone. */
  connect(): Promise<pg.Client>;
  channel: string;
  handler(payload: string | undefined): void;
  log: Logger;
  /** The database, for logs. */
  name: string;
}

/** Between checks that the connection is alive: a network that swallows packets says nothing by itself. */
const checkEveryMs = 30_000;
const firstPauseMs = 200;
const longestPauseMs = 10_000;
const endWithinMs = 2000;

/**
 * Hears one channel until it is stopped. Fails when the first connection fails; later ones are made again and again, and
 * each that succeeds calls `handler(undefined)`.
 */
export async function startListener({ connect, channel, handler, log, name }: ListenerParts): Promise<Listener> {
  const stopped = new AbortController();
  let current = await listenOn(await connect());
  const life = keepListening();

  return {
    async stop() {
      stopped.abort();
      await current.end();
      await Promise.race([life, wait(endWithinMs, undefined, { ref: false })]);
    },
  };

  async function listenOn(client: pg.Client): Promise<Connection> {
    client.on("notification", (message) => handler(message.payload));
    try {
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    return watch(client);
  }

  async function keepListening(): Promise<void> {
    while (!stopped.signal.aborted) {
      await current.broken;
      if (stopped.signal.aborted) return;
      log.warn({ database: name, channel }, "lost the connection that hears notifications");
      await reconnect();
    }
  }

  async function reconnect(): Promise<void> {
    for (let pause = firstPauseMs; !stopped.signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
      try {
        current = await listenOn(await connect());
        if (stopped.signal.aborted) return await current.end();
        log.info({ database: name, channel }, "notifications are heard again");
        handler(undefined);
        return;
      } catch {
        // The pool's users report why the database is away; here it is enough to try again.
        await wait(pause * (0.5 + Math.random()), undefined, { signal: stopped.signal }).catch(() => {});
      }
    }
  }
}

interface Connection {
  /** Fulfilled when the connection is gone, for whatever reason. */
  broken: Promise<void>;
  end(): Promise<void>;
}

function watch(client: pg.Client): Connection {
  const broken = new Promise<void>((resolve) => {
    client.once("end", () => resolve());
    client.once("error", () => resolve());
  });
  const check = setInterval(() => {
    client.query("SELECT 1").catch(() => client.emit("error", new Error("no answer")));
  }, checkEveryMs);
  check.unref();
  void broken.then(() => {
    clearInterval(check);
    client.end().catch(() => {});
  });
  return {
    broken,
    async end() {
      clearInterval(check);
      await Promise.race([client.end().catch(() => {}), wait(endWithinMs, undefined, { ref: false })]);
    },
  };
}
