import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { Scope } from "../../../../testing/scope.ts";
import type { BuiltImage } from "./build-image.ts";

/** The tests of `nc -v HOST PORT` as operators type it in a pod. */
export function testNetcat(image: BuiltImage): void {
  test("a peer that stays silent", async (t) => {
    const { port } = await listen(t);
    const { said, code, seconds } = await netcat(image, port);
    assert.match(said, /Connection to localhost .*succeeded!/);
    assert.deepEqual([code, seconds <= 5], [0, true], said);
  });

  test("a peer that does not even answer the knocking", async (t) => {
    const port = await listenDeaf(t);
    const { said, code, seconds } = await netcat(image, port);
    assert.match(said, /timed out/);
    assert.deepEqual([code, seconds <= 5], [1, true], said);
  });

  test("nobody", async (t) => {
    const { port, close } = await listen(t);
    await close();
    const { said, code } = await netcat(image, port);
    assert.match(said, /Connection refused/);
    assert.equal(code, 1);
  });

  test("a name that nobody has", async () => {
    const { said, code, seconds } = await netcat(image, 6379, "nowhere.invalid");
    assert.match(said, /nowhere\.invalid/);
    assert.deepEqual([code, seconds <= 5], [1, true], said);
  });

  test("whoever has patience may say so", async (t) => {
    const { port } = await listen(t, "late", 2_500);
    const { stdout } = await image.run(["-w", "20", "localhost", String(port)], { options: ["--entrypoint", "nc"] });
    assert.equal(stdout, "late");
  });
}

/** As somebody types it in a pod: by kubectl exec without a terminal, or in a shell. */
async function netcat(
  image: BuiltImage,
  port: number,
  host = "localhost",
): Promise<{ said: string; code: number; seconds: number }> {
  const script = `began=$(date +%s); nc -v ${host} ${port} </dev/null; code=$?; echo "$code $(($(date +%s) - began))"`;
  const { stdout, stderr } = await image.run(["-c", script], { options: ["--entrypoint", "sh"] });
  const [code = NaN, seconds = NaN] = stdout.trim().split(" ").map(Number);
  return { said: stderr, code, seconds };
}

/** Says nothing, or something late. */
async function listen(scope: Scope, words?: string, after = 0): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (words !== undefined) setTimeout(() => socket.end(words), after);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  scope.after(() => void server.close());
  return { port: (server.address() as AddressInfo).port, close };
}

/** A port whose program never takes a connection, and whose queue is full: the kernel drops who knocks. */
async function listenDeaf(scope: Scope): Promise<number> {
  const worker = new Worker(
    `const { createServer } = require("node:net");
     const { parentPort } = require("node:worker_threads");
     const server = createServer().listen(0, "127.0.0.1", 1, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true },
  );
  scope.after(async () => void (await worker.terminate()));
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  for (let knocking = 0; knocking < 5; knocking++) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    scope.after(() => void socket.destroy());
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return port;
}
