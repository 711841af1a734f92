import { execute } from "./execute.ts";
import { SqlFailure } from "./failure.ts";
import { readSql } from "./read-statement.ts";
import { MustWait, Storage, type TableDefinition, type Transaction, type Values } from "./storage.ts";
import { fromClient, Instant, toAnswer } from "./values.ts";

export interface SimulatedPostgresOptions {
  tables: readonly TableDefinition[];
  /** The server's clock, ms since 1970. */
  now: () => number;
  newUuid: () => string;
  schema: string;
  /** From which status an item may go to which. */
  transitions: readonly { from: string; to: string }[];
}

export type Answer =
  | { rows: Record<string, unknown>[] }
  | { failure: SqlFailure }
  /** Another transaction has a row that this needs: to be asked again when that one has ended. */
  | { blocker: Transaction };

/**
 * A PostgreSQL in memory that understands our own statements: a statement at a time, READ COMMITTED, row locks that are
 * waited for, unique indexes, checks and the one trigger that matters; time from outside.
 */
export class SimulatedPostgres {
  readonly storage: Storage;
  /** Told what was notified when a transaction is committed. */
  onNotify: (channel: string, payload: string) => void = () => {};
  readonly #options: SimulatedPostgresOptions;

  constructor(options: SimulatedPostgresOptions) {
    this.#options = options;
    this.storage = new Storage(options.tables);
  }

  session(name: string): Session {
    return new Session(this, this.#options, name);
  }

  /** All rows of a table that are committed, for those who judge. */
  committed(table: string): Values[] {
    const values = this.storage.table(table).rows.map(({ versions }) => versions.at(-1)?.values);
    return values.filter((one) => one !== undefined);
  }

  now(): number {
    return this.#options.now();
  }
}

/** A connection, as the server has it. */
export class Session {
  readonly name: string;
  readonly #server: SimulatedPostgres;
  readonly #options: SimulatedPostgresOptions;
  /** What now() says, or said, in its transaction. */
  clock = 0;
  #transaction: Transaction | undefined;
  /** Inside BEGIN ... COMMIT. */
  #open = false;
  #failed = false;
  /** Of the statement that waits. */
  #waiting: { snapshot: number } | undefined;

  constructor(server: SimulatedPostgres, options: SimulatedPostgresOptions, name: string) {
    this.#server = server;
    this.#options = options;
    this.name = name;
  }

  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Runs a statement, or says on whom it waits: then the same is to be asked again. */
  execute(text: string, parameters: readonly unknown[] = []): Answer {
    const control = text.trim().toUpperCase();
    if (control === "BEGIN") {
      this.#begin();
      this.#open = true;
      return { rows: [] };
    }
    if (control === "COMMIT" || control === "ROLLBACK") {
      this.#end(control === "COMMIT" && !this.#failed);
      return { rows: [] };
    }
    if (this.#failed) return { failure: new SqlFailure("25P02", "current transaction is aborted") };
    return this.#statement(text, parameters);
  }

  /** The connection is gone: what was not committed has not happened. */
  close(): void {
    this.#end(false);
  }

  /** Ends a statement that waits, with this error. */
  cancel(failure: SqlFailure): Answer {
    return this.#fail(failure);
  }

  #begin(): Transaction {
    this.#transaction ??= this.#server.storage.begin(this.name, this.#options.now());
    this.clock = this.#transaction.startedAt;
    return this.#transaction;
  }

  #statement(text: string, parameters: readonly unknown[]): Answer {
    const { storage } = this.#server;
    const transaction = this.#begin();
    if (!this.#waiting) transaction.command++;
    const snapshot = this.#waiting?.snapshot ?? storage.now;
    this.#waiting = undefined;
    const notified = transaction.notifications.length;
    try {
      const { columns, rows } = execute(readSql(text), {
        storage,
        transaction,
        snapshot,
        parameters: parameters.map(fromClient),
        trigger: (table, before, after) => this.#trigger(table, before, after),
        around: {
          now: new Instant(transaction.startedAt),
          moment: new Instant(this.#options.now()),
          schema: this.#options.schema,
          newUuid: this.#options.newUuid,
          notify: (channel, payload) => transaction.notifications.push({ channel, payload }),
          tryLock: (key) => storage.tryAdvisoryLock(key, transaction),
        },
      });
      const answer = rows.map(({ values }) => {
        return Object.fromEntries(columns.map((name) => [name, toAnswer(values[name]!)]));
      });
      if (!this.#open) this.#end(true);
      return { rows: answer };
    } catch (error) {
      storage.undoCommand(transaction);
      transaction.notifications.length = notified;
      if (error instanceof MustWait) {
        this.#waiting = { snapshot };
        return { blocker: error.blocker };
      }
      if (error instanceof SqlFailure) return this.#fail(error);
      throw error;
    }
  }

  /** An error ends what stands alone; within BEGIN all is refused until ROLLBACK, and what it holds is given up then. */
  #fail(failure: SqlFailure): Answer {
    this.#waiting = undefined;
    if (this.#open) this.#failed = true;
    else this.#end(false);
    return { failure };
  }

  #end(commits: boolean): void {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    this.#open = false;
    this.#failed = false;
    this.#waiting = undefined;
    if (!transaction) return;
    const { storage } = this.#server;
    if (commits) storage.commit(transaction);
    else storage.rollback(transaction);
    if (commits) for (const { channel, payload } of transaction.notifications) this.#server.onNotify(channel, payload);
  }

  /** The one trigger of ours that matters: an item's moves. Its text is made of the same list. */
  #trigger(table: string, before: Values | undefined, after: Values): void {
    if (table !== "staging_item") return;
    const { transitions } = this.#options;
    if (before === undefined) {
      if (after.status === "pending" || after.status === "failed") return;
      throw new SqlFailure("CDT01", `an item cannot begin as ${after.status}`);
    }
    if (before.status === after.status && before.attempt_id === after.attempt_id) return;
    if (transitions.some(({ from, to }) => from === before.status && to === after.status)) return;
    throw new SqlFailure("CDT01", `item ${before.id} cannot go from ${before.status} to ${after.status}`);
  }
}
