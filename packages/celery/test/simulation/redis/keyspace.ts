import { wrongType } from "./reply.ts";

/** The kinds of value that the simulated Redis knows. */
export interface Kinds {
  string: string;
  /** The left end first. */
  list: string[];
  hash: Map<string, string>;
  zset: Map<string, number>;
  set: Set<string>;
}
export type Kind = keyof Kinds;

interface Entry {
  kind: Kind;
  value: Kinds[Kind];
  /** Milliseconds of the server's clock. */
  expiresAt: number | undefined;
}

/** One database: keys, their values, and when they end. A collection that becomes empty goes with its key, as in Redis. */
export class Keyspace {
  /** The server's clock in ms. */
  readonly now: () => number;
  #entries = new Map<string, Entry>();

  constructor(now: () => number) {
    this.now = now;
  }

  kind(key: string): Kind | undefined {
    return this.#find(key)?.kind;
  }

  /** @throws {Failure} WRONGTYPE */
  read<K extends Kind>(key: string, kind: K): Kinds[K] | undefined {
    const entry = this.#find(key);
    if (entry && entry.kind !== kind) throw wrongType();
    return entry?.value as Kinds[K] | undefined;
  }

  /** What is there to be changed; made when it is not there. Call {@link tidy} afterwards. */
  open<K extends Exclude<Kind, "string">>(key: string, kind: K): Kinds[K] {
    const found = this.read(key, kind);
    if (found !== undefined) return found;
    const value = (kind === "list" ? [] : kind === "set" ? new Set() : new Map()) as Kinds[K];
    this.#entries.set(key, { kind, value, expiresAt: undefined });
    return value;
  }

  /** Takes the key away when its collection is empty. */
  tidy(key: string): void {
    const value = this.#entries.get(key)?.value;
    if (value === undefined || typeof value === "string") return;
    if ((Array.isArray(value) ? value.length : value.size) === 0) this.#entries.delete(key);
  }

  setString(key: string, value: string, expiresAt: number | undefined): void {
    this.#entries.set(key, { kind: "string", value, expiresAt });
  }

  delete(key: string): boolean {
    const had = this.#find(key) !== undefined;
    this.#entries.delete(key);
    return had;
  }

  /** Answers whether the key is there. */
  expire(key: string, at: number | undefined): boolean {
    const entry = this.#find(key);
    if (!entry) return false;
    entry.expiresAt = at;
    return true;
  }

  /** When the key ends; undefined when it does not, or is not there. */
  expiresAt(key: string): number | undefined {
    return this.#find(key)?.expiresAt;
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.#find(key));
  }

  clear(): void {
    this.#entries.clear();
  }

  /** A copy that later changes leave as it is. */
  snapshot(): ReadonlyMap<string, Entry> {
    return copy(this.#entries);
  }

  restore(snapshot: ReadonlyMap<string, Entry>): void {
    this.#entries = copy(snapshot);
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > this.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}

export type Snapshot = ReturnType<Keyspace["snapshot"]>;

function copy(entries: ReadonlyMap<string, Entry>): Map<string, Entry> {
  return new Map([...entries].map(([key, entry]) => [key, { ...entry, value: copyValue(entry.value) }]));
}

function copyValue(value: Kinds[Kind]): Kinds[Kind] {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return [...value];
  return value instanceof Set ? new Set(value) : new Map<string, never>(value as Map<string, never>);
}
