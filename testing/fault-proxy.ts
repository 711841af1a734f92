import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Scope } from "./scope.ts";

/** A way in which a network fails. Bytes are counted per connection, in what the server sends. */
export type Fault =
  /** Every piece comes so many ms later, in both directions. */
  | { kind: "latency"; ms: number }
  | { kind: "throttle"; bytesPerSecond: number }
  /** The connection is reset when so many bytes have passed. */
  | { kind: "cut"; after: number }
  /** The connection ends as if all had been said, when so many bytes have passed. */
  | { kind: "truncation"; after: number }
  /** Nothing passes any more, in either direction; new connections are taken, and answered with nothing. */
  | { kind: "black hole"; after: number }
  /** The server is told that its client has gone; the client is told nothing. */
  | { kind: "half-open"; after: number }
  /** The lowest bit of this byte is another. */
  | { kind: "bit flip"; at: number }
  /** Nobody listens. */
  | { kind: "refusal" };

export interface FaultProxy {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** How many connections have met with a fault. */
  readonly hits: number;
  /**
   * From now on the fault is played, for so many connections at most; those that are open are reset first, so that all
   * begin with it.
   */
  play(fault: Fault, connections?: number): void;
  /** Lets everything through. Connections whose bytes were lost are reset. */
  pass(): void;
}

/** A TCP proxy in front of a test server, which plays a fault for as long as a test wants. */
export async function startFaultProxy(scope: Scope, target: { host: string; port: number }): Promise<FaultProxy> {
  let fault: Fault | undefined;
  let left = 0;
  let hits = 0;
  const open = new Set<{ client: Socket; server: Socket | undefined; spoilt: boolean }>();

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const mine = fault !== undefined && left > 0 ? fault : undefined;
    if (mine?.kind === "refusal") {
      hits += 1;
      return void client.resetAndDestroy();
    }
    if (mine !== undefined) left -= 1;
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const connection = { client, server, spoilt: mine !== undefined };
    open.add(connection);
    let counted = false;
    const hit = () => {
      if (!counted) hits += 1;
      counted = true;
    };
    const close = () => {
      open.delete(connection);
      client.destroy();
      server.destroy();
    };
    client.on("error", close).on("close", close);
    server.on("error", close);
    const delay = mine?.kind === "latency" ? later(mine.ms) : undefined;
    if (delay) client.pipe(delay).pipe(server);
    else client.pipe(server);
    server.pipe(mine === undefined ? client : spoil(mine, { client, server, hit, close }));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  scope.after(async () => {
    for (const { client, server } of open) {
      client.destroy();
      server?.destroy();
    }
    await new Promise((resolve) => listener.close(resolve));
  });

  return {
    host: "127.0.0.1",
    port,
    get hits() {
      return hits;
    },
    play(next, connections = Number.POSITIVE_INFINITY) {
      fault = next;
      left = connections;
      for (const { client, server } of open) {
        client.resetAndDestroy();
        server?.resetAndDestroy();
      }
    },
    pass() {
      fault = undefined;
      for (const { client, server, spoilt } of open) {
        if (!spoilt) continue;
        client.resetAndDestroy();
        server?.resetAndDestroy();
      }
    },
  };
}

interface Ends {
  client: Socket;
  server: Socket;
  hit(): void;
  close(): void;
}

/** What the server's bytes go through on their way to the client. */
function spoil(fault: Exclude<Fault, { kind: "refusal" }>, { client, server, hit, close }: Ends): Transform {
  let passed = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      void change(chunk).then(
        (changed) => done(null, changed),
        (error: Error) => done(error),
      );
    },
  });
  stream.on("error", close);
  stream.pipe(client);
  return stream;

  async function change(chunk: Buffer): Promise<Buffer | undefined> {
    const before = passed;
    passed += chunk.length;
    switch (fault.kind) {
      case "latency":
        hit();
        await pause(fault.ms);
        return chunk;
      case "throttle":
        hit();
        await pause((chunk.length / fault.bytesPerSecond) * 1000);
        return chunk;
      case "bit flip": {
        if (before > fault.at || passed <= fault.at) return chunk;
        hit();
        const flipped = Buffer.from(chunk);
        flipped[fault.at - before]! ^= 1;
        return flipped;
      }
      default:
        if (passed <= fault.after) return chunk;
        hit();
        end(fault.kind);
        return chunk.subarray(0, Math.max(0, fault.after - before));
    }
  }

  function end(kind: "cut" | "truncation" | "black hole" | "half-open"): void {
    server.unpipe(stream);
    if (kind === "cut") client.resetAndDestroy();
    else if (kind === "truncation") setImmediate(() => stream.end());
    else if (kind === "half-open") server.resetAndDestroy();
    // What neither side is told of: no more bytes are taken from either.
    if (kind === "black hole" || kind === "half-open") client.unpipe();
    if (kind === "half-open") server.removeListener("error", close).on("error", () => {});
  }
}

function later(ms: number): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      setTimeout(() => done(null, chunk), ms);
    },
  });
}
