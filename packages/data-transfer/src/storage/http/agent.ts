import { Connection, type ConnectionOptions, type HttpAnswer } from "./connection.ts";
import { BlockPool } from "./inlet.ts";

export interface HttpAgentOptions {
  /** http(s)://host[:port] */
  origin: URL;
  /** PEM of the authorities that may sign the server's certificate; the system's by default. */
  ca?: string;
  /** Connections at most; who needs another one waits. */
  connections?: number;
  /** ms to set up a connection, TLS included. */
  connectTimeout?: number;
}

/** A request without a body. */
export interface HttpRequest {
  method: "GET" | "HEAD";
  /** Path and query, percent-encoded. */
  path: string;
  headers: Readonly<Record<string, string>>;
}

/** The connections to one server: kept open between requests, and used again. */
export class HttpAgent {
  readonly #options: ConnectionOptions;
  readonly #most: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiting: (() => void)[] = [];
  #opening = 0;
  #closed = false;

  constructor({ origin, ca, connections = 64, connectTimeout = 10_000 }: HttpAgentOptions) {
    this.#options = { origin, ca, connectTimeout, blocks: new BlockPool() };
    this.#most = connections;
  }

  /**
   * Sends a request, once. Only where a kept connection turns out to have been closed by the server meanwhile, before a
   * byte of an answer came, another one is tried.
   *
   * @throws HttpFailure, a system error, or the signal's reason
   */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const head = renderHead(request, this.#options.origin);
    for (;;) {
      const connection = await this.#connection(signal);
      const used = connection.exchanges > 0;
      try {
        return await connection.exchange(head, request.method === "HEAD", signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!used || connection.answered) throw error;
      }
    }
  }

  /** Closes all connections; whoever still reads from one gets an error. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.close();
    for (const go of this.#waiting.splice(0)) go();
  }

  async #connection(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) throw new Error("the storage was closed");
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
      if (this.#all.size + this.#opening < this.#most) return await this.#open(signal);
      await this.#turn(signal);
    }
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    this.#opening += 1;
    try {
      const connection = await Connection.open(this.#options, signal);
      this.#all.add(connection);
      connection.onFree = (reusable) => this.#freed(connection, reusable);
      if (this.#closed) connection.close();
      return connection;
    } finally {
      this.#opening -= 1;
      this.#waiting.shift()?.();
    }
  }

  #freed(connection: Connection, reusable: boolean): void {
    if (reusable && !this.#closed) {
      this.#idle.push(connection);
    } else {
      this.#all.delete(connection);
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
      connection.close();
    }
    this.#waiting.shift()?.();
  }

  /** Until a connection may be free, or the work is called off. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const stop = () => resolve();
    signal.addEventListener("abort", stop, { once: true });
    await promise;
    signal.removeEventListener("abort", stop);
    // Somebody else's turn, if it was ours to give on.
    const at = this.#waiting.indexOf(resolve);
    if (at >= 0) this.#waiting.splice(at, 1);
    else if (signal.aborted) this.#waiting.shift()?.();
  }
}

function renderHead({ method, path, headers }: HttpRequest, { host }: URL): string {
  const fields = Object.entries({ host, accept: "*/*", "accept-encoding": "identity", ...headers });
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  for (const text of [path, ...lines]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in a request.
    if (/[\0-\x08\x0a-\x1f\x7f]|[^\0-\xff]/.test(text))
      throw new TypeError("a request must not contain control characters");
  }
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}
