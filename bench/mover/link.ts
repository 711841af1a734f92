/**
 * A long line between a client and a server, on this machine: each connection has so many bytes a second towards the client,
 * and each direction takes its time. A program of its own, so that its work does not count as anybody else's.
 *
 *     node bench/mover/link.ts PORT [--delay MS] [--rate BYTES-A-SECOND] [--halt-after BYTES]
 *
 * Prints `listening on PORT`. After `--halt-after` bytes towards clients, on all connections together, nothing passes any
 * more until the last of those connections is closed, and it prints `halted`.
 *
 * Connecting takes one way and back, as on a real line, since the client's first bytes wait for so long. Slow start is
 * not played.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    delay: { type: "string", default: "0" },
    rate: { type: "string", default: "Infinity" },
    "halt-after": { type: "string", default: "Infinity" },
  },
});
const target = Number(positionals[0]);
/** Of one direction, in ms. */
const delay = Number(values.delay);
/** Bytes in a ms. */
const rate = Number(values.rate) / 1000;
const haltAfter = Number(values["halt-after"]);

/** A turn of the event loop that came late must not cost the line its capacity: so much is made up for, in ms. */
const indulgence = 20;
/** Bytes on their way in one direction of a connection; a server that is faster waits. */
const room = Number.isFinite(rate) ? rate * (delay + indulgence) + 2 ** 20 : 2 ** 22;

let passed = 0;
let halted = false;
let connections = 0;

const listener = createServer({ noDelay: true }, (client) => {
  const server = connect({ host: "127.0.0.1", port: target, noDelay: true });
  connections++;
  // The handshake: one way and back.
  pass(client, server, { bytesPerMs: Number.POSITIVE_INFINITY, opens: performance.now() + 2 * delay });
  pass(server, client, { bytesPerMs: rate, opens: 0, onBytes: count });
  const end = () => {
    client.destroy();
    server.destroy();
  };
  client.on("error", end).on("close", () => {
    end();
    connections--;
    if (connections === 0) halted = false;
  });
  server.on("error", end);
});
listener.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening on ${(listener.address() as AddressInfo).port}\n`);
});

function count(bytes: number): void {
  passed += bytes;
  if (halted || passed < haltAfter) return;
  halted = true;
  passed = Number.NEGATIVE_INFINITY;
  process.stdout.write("halted\n");
}

interface Line {
  bytesPerMs: number;
  /** When the first byte may start, by `performance.now()`. */
  opens: number;
  onBytes?(bytes: number): void;
}

function pass(from: Socket, to: Socket, { bytesPerMs, opens, onBytes }: Line): void {
  const line: { due: number; bytes: Buffer }[] = [];
  let onLine = 0;
  let free = opens;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  from.on("data", (bytes) => {
    const now = performance.now();
    free = Math.max(free, now - indulgence) + bytes.length / bytesPerMs;
    line.push({ due: Math.max(free, now) + delay, bytes });
    onLine += bytes.length;
    if (onLine > room) from.pause();
    arrive();
  });
  from.on("end", () => {
    ended = true;
    arrive();
  });
  to.on("drain", arrive);

  function arrive(): void {
    clearTimeout(timer);
    const now = performance.now();
    // Timers come up to a millisecond late; half of that early is nearer to the truth.
    while (line.length > 0 && !halted && !to.writableNeedDrain && line[0]!.due <= now + 0.5) {
      const { bytes } = line.shift()!;
      onLine -= bytes.length;
      onBytes?.(bytes.length);
      to.write(bytes);
    }
    if (onLine <= room) from.resume();
    if (halted || to.writableNeedDrain) return;
    if (line.length > 0) timer = setTimeout(arrive, line[0]!.due - now);
    else if (ended) to.end();
  }
}
