import pg from "pg";
import { type Process, whoRuns } from "../../../../celery/test/simulation/process.ts";
import { SqlFailure } from "../postgres/failure.ts";
import { simulated } from "../simulated.ts";
import type { Wire, WireSettings } from "./database-host.ts";

// In place of the package pg: its pool and its client, connected to the simulated database.

interface Config {
  query_timeout?: number;
  options?: string;
}

type Listener = (argument?: unknown) => void;

class Events {
  readonly #listeners = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
    return this;
  }

  off(event: string, listener: Listener): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  emit(event: string, argument?: unknown): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(argument);
  }
}

class Client extends Events {
  readonly #config: Config;
  readonly #process: Process;
  #wire: Wire | undefined;
  /** What waits for the statement before it. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(config: Config) {
    super();
    this.#config = config;
    this.#process = whoRuns();
  }

  async connect(): Promise<void> {
    const wire = await simulated().database.connect(this.#process, settingsOf(this.#config));
    this.#wire = wire;
    wire.onBreak = () => this.emit("error", new Error("Connection terminated unexpectedly"));
  }

  get isBroken(): boolean {
    return this.#wire?.isBroken ?? true;
  }

  query(statement: string | { text: string; values?: unknown[] }): Promise<{ rows: Record<string, unknown>[] }> {
    const { text, values = [] } = typeof statement === "string" ? { text: statement } : statement;
    const asked = this.#queue.then(() => this.#wire!.ask(text, values));
    this.#queue = asked.catch(() => {});
    return asked.then(
      (rows) => ({ rows }),
      (error: unknown) => {
        throw error instanceof SqlFailure ? asDatabaseError(error) : error;
      },
    );
  }

  async end(): Promise<void> {
    this.#wire?.close();
  }

  release: (broken?: boolean | Error) => void = () => {};
}

/** Connections are kept for the next who needs one, the one used last first, as pg does it. */
class Pool extends Events {
  readonly #make: () => Client;
  readonly #idle: Client[] = [];

  constructor(config: { Client: new () => Client }) {
    super();
    this.#make = () => new config.Client();
  }

  async connect(): Promise<Client> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (!idle.isBroken) return idle;
    const client = this.#make();
    client.on("error", () => {});
    await client.connect();
    client.release = (broken) => {
      if (broken) void client.end();
      else this.#idle.push(client);
    };
    return client;
  }

  async end(): Promise<void> {
    for (const client of this.#idle) await client.end();
  }
}

function settingsOf({ query_timeout = 35_000, options = "" }: Config): WireSettings {
  const setting = (name: string) => {
    const found = new RegExp(`-c ${name}=(\\d+)`).exec(options)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return {
    statementTimeout: setting("statement_timeout") ?? 30_000,
    idleInTransaction: setting("idle_in_transaction_session_timeout"),
    queryTimeout: query_timeout,
  };
}

function asDatabaseError({ code, message, table, constraint }: SqlFailure): Error {
  const error = new pg.DatabaseError(message, message.length, "error");
  error.code = code;
  error.table = table;
  error.constraint = constraint;
  return error;
}

export default { ...pg, Client, Pool };
export const types = pg.types;
