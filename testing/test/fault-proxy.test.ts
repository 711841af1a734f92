import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { startFaultProxy } from "../fault-proxy.ts";

const said = Buffer.alloc(100_000, "0123456789abcdef");

for (const [fault, expected] of [
  [{ kind: "latency", ms: 5 }, said.toString()],
  [{ kind: "throttle", bytesPerSecond: 1_000_000 }, said.toString()],
  [{ kind: "truncation", after: 70_000 }, said.toString("latin1", 0, 70_000)],
  [{ kind: "cut", after: 70_000 }, "ECONNRESET"],
  [{ kind: "refusal" }, "ECONNRESET"],
] as const) {
  test(`${fault.kind}: for the first connection, and for none after it`, async (t) => {
    const proxy = await startFaultProxy(t, await aServer(t));
    proxy.play(fault, fault.kind === "refusal" ? undefined : 1);
    assert.ok((await readAll(proxy.port)) === expected);
    assert.equal(proxy.hits, 1);
    proxy.pass();
    assert.ok((await readAll(proxy.port)) === said.toString());
    assert.equal(proxy.hits, 1);
  });
}

test("bit flip: one bit of one byte is another", async (t) => {
  const proxy = await startFaultProxy(t, await aServer(t));
  proxy.play({ kind: "bit flip", at: 65_000 }, 1);
  const found = Buffer.from(await readAll(proxy.port));
  assert.equal(found.length, said.length);
  assert.deepEqual(
    [...found.entries()].filter(([at, byte]) => byte !== said[at]).map(([at]) => at),
    [65_000],
  );
});

for (const kind of ["black hole", "half-open"] as const) {
  test(`${kind}: some bytes, then silence, until it has passed`, async (t) => {
    const proxy = await startFaultProxy(t, await aServer(t));
    proxy.play({ kind, after: 1000 }, 1);
    const reading = readAll(proxy.port);
    const silent = new Promise((resolve) => setTimeout(resolve, 300, "silent"));
    assert.equal(await Promise.race([reading, silent]), "silent");
    assert.equal(proxy.hits, 1);
    proxy.pass();
    assert.equal(await reading, "ECONNRESET");
    assert.ok((await readAll(proxy.port)) === said.toString());
  });
}

/** Says its piece to everybody, and hangs up. */
async function aServer(t: TestContext): Promise<{ host: string; port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(said);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

/** All that comes, or the code of the error. */
async function readAll(port: number): Promise<string> {
  try {
    return await text(connect(port, "127.0.0.1"));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
