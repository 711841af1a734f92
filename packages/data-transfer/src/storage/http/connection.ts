import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { readChunked } from "./chunked.ts";
import { HttpFailure } from "./http-failure.ts";
import { type BlockPool, Inlet } from "./inlet.ts";
import { mostHeadBytes, parseResponseHead, type ResponseHead } from "./response-head.ts";

export interface ConnectionOptions {
  origin: URL;
  /** PEM of the authorities that may sign the server's certificate; the system's by default. */
  ca?: string;
  /** ms to set the connection up, TLS included. */
  connectTimeout: number;
  blocks: BlockPool;
}

/** An answer whose head has come. Its body must be read to its end, or {@link discard}ed. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** The body, once. A chunk is good until the next one is asked for. Leaving it closes the connection. @throws HttpFailure */
  body(): AsyncGenerator<Uint8Array>;
  /** The body is not wanted. */
  discard(): void;
}

/** A read that brings less is waited for a little, so that it need not be handled alone. */
const worthwhile = 64 * 1024;

/**
 * One connection to a server, one exchange at a time: the part of HTTP/1.1 that reading objects takes.
 *
 * The socket reads straight into an {@link Inlet}; while its reader is slow, the socket is left alone, and the server
 * waits.
 */
export class Connection {
  /** Exchanges that came to their end. */
  exchanges = 0;
  /** Whether a byte has come since the last request. */
  answered = false;
  /** Called when the connection is free for another exchange, or is closed. */
  onFree: (reusable: boolean) => void = () => {};
  readonly #inlet: Inlet;
  readonly #socket: Socket;
  #exchanging = false;
  #paused = false;
  #ended: Error | undefined;
  #wake: (() => void) | undefined;
  #soon: NodeJS.Immediate | undefined;

  /** Sets a connection up. @throws HttpFailure, a system error, or the signal's reason */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const connection = new Connection(options);
    const socket = connection.#socket;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const aborted = () => reject(signal.reason);
    const late = () => reject(new HttpFailure("connect-timeout", `no connection within ${options.connectTimeout} ms`));
    const timer = setTimeout(late, options.connectTimeout);
    signal.addEventListener("abort", aborted, { once: true });
    socket.once(options.origin.protocol === "https:" ? "secureConnect" : "connect", resolve);
    connection.#wake = () => reject(connection.#ended);
    try {
      await promise;
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      connection.#wake = undefined;
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    }
  }

  private constructor({ origin, ca, blocks }: ConnectionOptions) {
    this.#inlet = new Inlet(blocks);
    const host = origin.hostname.replace(/^\[|\]$/g, "");
    const onread = { buffer: () => this.#inlet.room(), callback: (count: number) => this.#received(count) };
    const secure = origin.protocol === "https:";
    const to = { host, port: Number(origin.port || (secure ? 443 : 80)), noDelay: true, onread };
    // An address is no name that a server could be asked for.
    const named = { servername: isIP(host) ? "" : host, ALPNProtocols: ["http/1.1"] };
    this.#socket = secure ? connectTls({ ...to, ...named, ca }) : connectTcp(to);
    this.#socket.on("error", (error) => this.#end(error));
    this.#socket.on("end", () => this.#end(new HttpFailure("closed", "the server closed the connection")));
    this.#socket.on("close", () => this.#end(new HttpFailure("closed", "the connection was closed")));
  }

  /** Whether another exchange can be tried. */
  get usable(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Sends a request without a body, and waits for the head of the answer.
   *
   * @param request  its whole head, the empty line included
   * @throws HttpFailure, a system error, or the signal's reason; then the connection is closed
   */
  async exchange(request: string, bodyless: boolean, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    this.#exchanging = true;
    this.answered = false;
    this.#socket.ref();
    const stop = () => this.#end(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const over = (complete: boolean) => {
      signal.removeEventListener("abort", stop);
      this.#over(complete);
    };
    try {
      this.#socket.write(request, "latin1");
      let head = await this.#head(bodyless);
      // 100 and 103 are announcements; the answer follows.
      while (head.status < 200) head = await this.#head(bodyless);
      return this.#answer(head, over);
    } catch (error) {
      over(false);
      throw error;
    }
  }

  close(): void {
    this.#end(new HttpFailure("closed", "we closed the connection"));
  }

  #answer(head: ResponseHead, over: (complete: boolean) => void): HttpAnswer {
    const { status, headers, body, keepAlive } = head;
    let open = true;
    const finish = (complete: boolean) => {
      if (open) over(complete && keepAlive);
      open = false;
    };
    const empty = typeof body === "object" && body.length === 0;
    if (empty) finish(this.#inlet.peek() === undefined);
    const chunks = (): AsyncGenerator<Uint8Array> => {
      if (empty) return this.#fixed(0);
      if (body === "chunked")
        return readChunked(
          () => this.#peek(),
          (count) => this.#take(count),
        );
      return body === "until-close" ? this.#untilClose() : this.#fixed(body.length);
    };
    return {
      status,
      headers,
      async *body() {
        try {
          yield* chunks();
          finish(true);
        } finally {
          finish(false);
        }
      },
      discard: () => finish(false),
    };
  }

  async *#fixed(length: number): AsyncGenerator<Uint8Array> {
    if (length === 0) return;
    for (let left = length; left > 0; ) {
      const chunk = (await this.#peek()).subarray(0, left);
      left -= chunk.length;
      yield chunk;
      this.#take(chunk.length);
    }
    if (this.#inlet.peek() !== undefined) throw new HttpFailure("surplus", `more than the announced ${length} bytes`);
  }

  async *#untilClose(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#inlet.peek();
      if (chunk !== undefined) {
        yield chunk;
        this.#take(chunk.length);
      } else if (this.#ended === undefined) {
        await this.#arrival();
      } else if (this.#ended instanceof HttpFailure) {
        return;
      } else {
        throw this.#ended;
      }
    }
  }

  async #head(bodyless: boolean): Promise<ResponseHead> {
    let text = "";
    for (;;) {
      const bytes = await this.#peek();
      const before = text.length;
      text += bytes.toString("latin1", 0, Math.min(bytes.length, mostHeadBytes));
      const end = text.indexOf("\r\n\r\n", Math.max(0, before - 3));
      if (end >= 0) {
        this.#take(end + 4 - before);
        return parseResponseHead(text.slice(0, end), bodyless);
      }
      if (text.length >= mostHeadBytes) throw new HttpFailure("protocol", "the answer's head has no end");
      this.#take(bytes.length);
    }
  }

  /** Unread bytes, waited for. @throws what ended the connection */
  async #peek(): Promise<Buffer> {
    for (;;) {
      const bytes = this.#inlet.peek();
      if (bytes !== undefined) return bytes;
      if (this.#ended !== undefined) throw this.#ended;
      await this.#arrival();
    }
  }

  #take(count: number): void {
    const room = this.#inlet.take(count);
    if (!room || !this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #received(count: number): boolean {
    // Nobody asked: whatever this is, the next answer would be taken for it.
    if (!this.#exchanging) {
      this.#end(new HttpFailure("surplus", "bytes came that nobody had asked for"));
      return false;
    }
    this.answered = true;
    this.#paused = !this.#inlet.received(count);
    // TLS brings 16 KiB at a time, several times in one turn of the loop: they are handed on together.
    if (count >= worthwhile || this.#paused) this.#wakeUp();
    else if (this.#wake !== undefined) this.#soon ??= setImmediate(() => this.#wakeUp());
    return !this.#paused;
  }

  #wakeUp(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#socket.destroy();
    this.#wakeUp();
    if (!this.#exchanging) this.onFree(false);
  }

  #over(reusable: boolean): void {
    this.#exchanging = false;
    this.exchanges += 1;
    const usable = reusable && this.usable && this.#inlet.peek() === undefined;
    if (!usable) {
      this.#ended ??= new HttpFailure("closed", "we closed the connection");
      this.#socket.destroy();
      this.#inlet.close();
    } else {
      // A connection that nobody uses does not keep the program running.
      this.#socket.unref();
    }
    this.onFree(usable);
  }
}
