import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { suite, type TestContext, test } from "node:test";
import { type Fault, type FaultProxy, startFaultProxy } from "../fault-proxy.ts";

const said = Buffer.alloc(100_000, "0123456789abcdef");

suite("a fault that waits for bytes", () => {
  for (const [fault, expected] of [
    [{ kind: "truncation", after: 70_000 }, said.toString("latin1", 0, 70_000)],
    [{ kind: "cut", after: 70_000 }, "ECONNRESET"],
  ] as const) {
    test(`${fault.kind}: for the first connection, and for none after it`, async (t) => {
      const proxy = await startFaultProxy(t, (await aServer(t, "hangs up")).address);
      await proxy.play(fault, 1);
      assert.ok((await readAll(proxy.port)) === expected);
      assert.equal(proxy.hits, 1);
      assert.ok((await readAll(proxy.port)) === said.toString());
      assert.equal(proxy.hits, 1);
    });
  }

  for (const [name, fault] of [
    ["black hole", { kind: "black hole", after: 1000 }],
    ["half-open", { kind: "half-open", told: "server", after: 1000 }],
  ] satisfies [string, Fault][]) {
    test(`${name}: some bytes, then silence`, async (t) => {
      const proxy = await startFaultProxy(t, (await aServer(t, "hangs up")).address);
      await proxy.play(fault, 1);
      const client = await talk(proxy);
      await client.heard(1000);
      assert.equal(await client.endsWithin(200), undefined);
      assert.equal(client.bytes, 1000);
      await proxy.pass();
      // A half-open connection stays one, whatever becomes of the network.
      assert.equal(await client.endsWithin(200), name === "black hole" ? "ECONNRESET" : undefined);
      assert.ok((await readAll(proxy.port)) === said.toString());
    });
  }
});

suite("a fault that slows", () => {
  test("latency: every piece comes later", async (t) => {
    const proxy = await startFaultProxy(t, (await aServer(t, "hangs up")).address);
    await proxy.play({ kind: "latency", ms: 100 });
    const began = performance.now();
    assert.ok((await readAll(proxy.port)) === said.toString());
    const took = performance.now() - began;
    assert.ok(took >= 99, `${took} ms`);
    assert.equal(proxy.hits, 1);
  });

  test("throttle: so many bytes in a second, in a connection that was open before", async (t) => {
    const server = await aServer(t);
    const proxy = await startFaultProxy(t, server.address);
    const client = await talk(proxy);
    await client.heard(said.length);
    await proxy.play({ kind: "throttle", bytesPerSecond: 500_000 });
    const began = performance.now();
    server.say(said);
    await client.heard(2 * said.length);
    const took = performance.now() - began;
    assert.ok(took >= 199, `${took} ms`);
  });

  test("stall: nothing comes, in neither direction, nor to new connections; then everything", async (t) => {
    const server = await aServer(t);
    const proxy = await startFaultProxy(t, server.address);
    const client = await talk(proxy);
    await client.heard(said.length);
    await proxy.play({ kind: "stall" });
    server.say(said);
    client.socket.write("question");
    const other = await talk(proxy);
    assert.equal(await client.endsWithin(200), undefined);
    assert.deepEqual([client.bytes, server.heard, other.bytes], [said.length, "", 0]);
    await proxy.pass();
    await client.heard(2 * said.length);
    await other.heard(said.length);
    await holds(() => server.heard === "question");
  });
});

suite("a fault of what is connected", () => {
  test("cut: both sides are reset at once, and a new connection passes", async (t) => {
    const server = await aServer(t);
    const proxy = await startFaultProxy(t, server.address);
    const client = await talk(proxy);
    await client.heard(said.length);
    await proxy.play({ kind: "cut" });
    assert.equal(await client.endsWithin(), "ECONNRESET");
    await holds(() => server.ends.includes("ECONNRESET"));
    await (await talk(proxy)).heard(said.length);
    assert.equal(proxy.hits, 1);
  });

  test("truncation: both sides hear an end, though neither has said one", async (t) => {
    const server = await aServer(t);
    const proxy = await startFaultProxy(t, server.address);
    const client = await talk(proxy);
    await client.heard(said.length);
    await proxy.play({ kind: "truncation" });
    assert.equal(await client.endsWithin(), "end");
    await holds(() => server.ends.includes("end"));
  });

  for (const told of ["server", "client"] as const) {
    test(`half-open: the ${told} is told, the other one is not, and keeps talking`, async (t) => {
      const server = await aServer(t);
      const proxy = await startFaultProxy(t, server.address);
      const client = await talk(proxy);
      await client.heard(said.length);
      await proxy.play({ kind: "half-open", told });
      if (told === "server") {
        await holds(() => server.ends.includes("ECONNRESET"));
        client.socket.write("anybody there?");
        assert.equal(await client.endsWithin(200), undefined);
      } else {
        assert.equal(await client.endsWithin(), "ECONNRESET");
        server.say(said);
        await new Promise((resolve) => setTimeout(resolve, 200));
        assert.deepEqual(server.ends, []);
      }
      await proxy.pass();
      const again = await talk(proxy);
      await again.heard(said.length);
    });
  }

  test("black hole: new connections are taken, and answered with nothing; all are reset when it is over", async (t) => {
    const server = await aServer(t);
    const proxy = await startFaultProxy(t, server.address);
    const old = await talk(proxy);
    await old.heard(said.length);
    await proxy.play({ kind: "black hole" });
    server.say(said);
    const young = await talk(proxy);
    assert.deepEqual([await old.endsWithin(200), await young.endsWithin(200)], [undefined, undefined]);
    assert.deepEqual([old.bytes, young.bytes], [said.length, 0]);
    assert.equal(proxy.hits, 2);
    await proxy.pass();
    assert.deepEqual([await old.endsWithin(), await young.endsWithin()], ["ECONNRESET", "ECONNRESET"]);
  });

  test("refusal: nobody listens, until it is over; the port stays the same", async (t) => {
    const server = await aServer(t);
    const proxy = await startFaultProxy(t, server.address);
    const client = await talk(proxy);
    await client.heard(said.length);
    await proxy.play({ kind: "refusal" });
    assert.equal(await client.endsWithin(), "ECONNRESET");
    assert.equal(await readAll(proxy.port), "ECONNREFUSED");
    await proxy.pass();
    await (await talk(proxy)).heard(said.length);
  });
});

suite("bit flip", () => {
  const flipped = (found: Buffer) => [...found.entries()].filter(([at, byte]) => byte !== said[at]).map(([at]) => at);

  test("one bit of one byte is another", async (t) => {
    const proxy = await startFaultProxy(t, (await aServer(t, "hangs up")).address);
    await proxy.play({ kind: "bit flip", at: 65_000 }, 1);
    const found = Buffer.from(await readAll(proxy.port), "latin1");
    assert.equal(found.length, said.length);
    assert.deepEqual(flipped(found), [65_000]);
    assert.ok((await readAll(proxy.port)) === said.toString());
  });

  test("one bit of every so many-th byte, so many times", async (t) => {
    const proxy = await startFaultProxy(t, (await aServer(t, "hangs up")).address);
    await proxy.play({ kind: "bit flip", every: 30_000 }, 2);
    const found = Buffer.from(await readAll(proxy.port), "latin1");
    assert.deepEqual(flipped(found), [29_999, 59_999]);
    assert.deepEqual([found[29_999]! ^ said[29_999]!, found[59_999]! ^ said[59_999]!], [1, 2]);
  });
});

test("bit flip: behind a text, wherever it stands in one piece", async (t) => {
  const server = await aServer(t);
  const proxy = await startFaultProxy(t, server.address);
  const client = await talk(proxy);
  await client.heard(said.length);
  await proxy.play({ kind: "bit flip", behind: "id=" }, 2);
  server.say(Buffer.from("id=1 id=1 id=1"));
  await client.heard(said.length + 14);
  assert.equal(client.latest, "id=0 id=3 id=1");
});

interface TestServer {
  address: { host: string; port: number };
  /** To everybody who is connected. */
  say(what: Buffer): void;
  readonly heard: string;
  /** How connections came to their ends, as the server saw it. */
  readonly ends: string[];
}

/** Says its piece to everybody. */
async function aServer(t: TestContext, hangsUp?: "hangs up"): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const ends: string[] = [];
  let heard = "";
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", (error: NodeJS.ErrnoException) => ends.push(error.code ?? ""));
    socket.on("end", () => ends.push("end"));
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (piece) => {
      heard += piece.toString();
    });
    socket.write(said);
    if (hangsUp) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    say(what) {
      for (const socket of sockets) socket.write(what);
    },
    get heard() {
      return heard;
    },
    ends,
  };
}

interface TestClient {
  socket: Socket;
  readonly bytes: number;
  /** The piece that came last. */
  readonly latest: string;
  /** Waits until so many bytes have come since it was connected. */
  heard(bytes: number): Promise<void>;
  /** `end`, or the code of the error that ends it; undefined when that does not happen within so many ms. */
  endsWithin(ms?: number): Promise<string | undefined>;
}

async function talk({ port }: FaultProxy): Promise<TestClient> {
  const socket = connect(port, "127.0.0.1");
  let bytes = 0;
  let latest = "";
  const ended = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.on("end", () => resolve("end"));
  });
  socket.on("data", (piece) => {
    bytes += piece.length;
    latest = piece.toString();
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    socket,
    get latest() {
      return latest;
    },
    get bytes() {
      return bytes;
    },
    heard: (wanted) => holds(() => bytes >= wanted),
    endsWithin: (ms = 20_000) =>
      Promise.race([ended, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms).unref())]),
  };
}

/** All that comes, or the code of the error. */
async function readAll(port: number): Promise<string> {
  try {
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1");
    return await text(socket);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

async function holds(what: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
