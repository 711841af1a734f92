import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import type { RedisLink } from "../../src/broker/redis-connection.ts";
import { RedisError } from "../../src/broker/redis-errors.ts";
import type { Process } from "./process.ts";
import { Failure, type Reply, Status } from "./redis/reply.ts";
import type { RedisHost, Request } from "./redis-host.ts";
import type { Timeline } from "./timeline.ts";

/** A client gives a connection up on which an answer has not come for so long, in ms. */
const answerTimeout = 10_000;

/** Usual time that a request and an answer travel, in ms. */
export const usual = { request: 0.4, answer: 0.3 };

export class ConnectionLost extends RedisError {
  constructor() {
    super("unreachable", "the connection to the simulated Redis is lost");
  }
}

interface InFlight {
  request: Request;
  arrived: boolean;
  dropped: boolean;
  resolve: (replies: Reply[] | undefined) => void;
  reject: (error: Error) => void;
}

/** A process' one connection to Redis: in order both ways, cut and slow as the schedule wants it. */
export class Connection {
  /** What happens to the process itself with its next request: it dies when Redis has run it, or when it has been sent. */
  doom: "answer-lost" | "request-lost" | undefined;
  readonly process: Process;
  readonly host: RedisHost;
  readonly #timeline: Timeline;
  #up = true;
  #travel = usual;
  #inFlight = new Set<InFlight>();
  #lastArrival = 0;
  #lastAnswer = 0;
  #downUntil = 0;
  readonly #ready: (() => void)[] = [];

  constructor(process: Process, host: RedisHost, timeline: Timeline) {
    this.process = process;
    this.host = host;
    this.#timeline = timeline;
    host.onCut(() => this.cut(250, false));
  }

  /** Answers undefined when a watched key had changed. Rejects at once while the connection is down. */
  send(request: Request): Promise<Reply[] | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#up) {
        this.#timeline.after(0, () => this.process.resume(() => reject(new ConnectionLost())));
        return;
      }
      const flight: InFlight = { request, arrived: false, dropped: false, resolve, reject };
      this.#inFlight.add(flight);
      if (this.doom === "request-lost") {
        flight.dropped = true;
        this.process.die();
      }
      this.#lastArrival = Math.max(this.#lastArrival, this.#timeline.now + this.#travel.request);
      this.#timeline.after(this.#lastArrival - this.#timeline.now, () => this.#arrive(flight));
      this.#timeline.after(answerTimeout, () => {
        if (this.#inFlight.has(flight)) this.process.resume(() => this.#giveUp(flight));
      });
    });
  }

  /** Breaks the connection for so long. Requests on their way are lost, or still arrive. */
  cut(ms: number, arrives: boolean): void {
    const broken = [...this.#inFlight];
    this.#inFlight.clear();
    for (const flight of broken) {
      if (!arrives && !flight.arrived) flight.dropped = true;
      flight.request.abandoned = true;
      this.#timeline.after(0, () => this.process.resume(() => flight.reject(new ConnectionLost())));
    }
    this.#up = false;
    this.#downUntil = Math.max(this.#downUntil, this.#timeline.now + ms);
    this.#timeline.after(this.#downUntil - this.#timeline.now, () => this.#reconnect());
  }

  slow(request: number, answer: number): void {
    this.#travel = { request, answer };
  }

  onReady(listener: () => void): void {
    this.#ready.push(listener);
  }

  get isUp(): boolean {
    return this.#up;
  }

  #arrive(flight: InFlight): void {
    if (flight.dropped) return;
    const busy = this.host.freeAt - this.#timeline.now;
    if (busy > 1e-6) {
      this.#timeline.after(busy, () => this.#arrive(flight));
      return;
    }
    flight.arrived = true;
    const replies = this.host.run(this.process, flight.request);
    if (this.doom === "answer-lost") this.process.die();
    this.#lastAnswer = Math.max(this.#lastAnswer, this.#timeline.now + this.#travel.answer);
    this.#timeline.after(this.#lastAnswer - this.#timeline.now, () => {
      if (!this.#inFlight.delete(flight)) return;
      this.process.resume(() => flight.resolve(replies));
    });
  }

  /** Data may have come while the process was stalled, unread: a client looks at its socket before it gives up. */
  #giveUp(flight: InFlight): void {
    if (this.#inFlight.has(flight)) this.cut(100, true);
  }

  #reconnect(): void {
    if (this.#up || this.#downUntil > this.#timeline.now) return;
    this.#up = true;
    for (const listener of this.#ready) this.process.resume(listener);
  }
}

/** The connection as the broker's code knows it: the real client's methods, as commands. */
export function linkOver(connection: Connection): RedisLink {
  const client = new Proxy({} as Redis, {
    get(_, name: string) {
      if (name === "then") return undefined;
      const first = name === "call" ? [] : [name.toUpperCase()];
      return (...args: unknown[]) => ask(connection, [...first, ...args.flat().map(toBytes)]);
    },
  });
  return {
    connect: async () => {},
    run: (work) => work(client),
    onReady: (listener) => connection.onReady(() => listener(client)),
    onLost() {},
    onMessage() {},
    close() {},
  };
}

async function ask(connection: Connection, command: string[]): Promise<unknown> {
  const replies = await connection.send({ about: about(command), commands: [command] });
  return fromReply(replies![0]!);
}

/** Names of scripts by digest, learned when their texts are sent. */
const scripts = new Map<string, string>();

/** A command's name; of a script its own name, which is the last that a comment in its text tells. */
function about([name, script]: string[]): string {
  if (name === "EVALSHA") return scripts.get(script!) ?? name;
  if (name !== "EVAL") return name!;
  const found = [...script!.matchAll(/^-- ([a-z-]+)\.lua:/gm)].at(-1)?.[1] ?? name;
  scripts.set(createHash("sha1").update(script!, "latin1").digest("hex"), found);
  return found;
}

function fromReply(reply: Reply): unknown {
  if (reply instanceof Failure) {
    const error = new Error(reply.message);
    error.name = "ReplyError";
    throw error;
  }
  if (reply instanceof Status) return reply.text;
  if (Array.isArray(reply)) return reply.map(fromReply);
  return typeof reply === "string" ? fromBytes(reply) : reply;
}

function toBytes(value: unknown): string {
  const text = String(value);
  return isAscii(text) ? text : Buffer.from(text).toString("latin1");
}

function fromBytes(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, "latin1").toString();
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  return /^[\x00-\x7f]*$/.test(text);
}
