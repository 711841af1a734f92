import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { makeCertificates } from "../../../../testing/certificates.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { HttpAgent } from "../../src/storage/http/agent.ts";
import { HttpFailure } from "../../src/storage/http/http-failure.ts";
import { parseResponseHead } from "../../src/storage/http/response-head.ts";
import { answerOf, startRawServer } from "./raw-server.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const get = { method: "GET", path: "/x", headers: {} } as const;

test("an answer is read the same wherever the network cuts it", async (t) => {
  const body = "0123456789";
  const answers = [
    answerOf(["HTTP/1.1 200 OK", "Content-Length: 10", 'ETag: "1"'], body),
    answerOf(["HTTP/1.1 103 Early Hints", "Link: </a>"]).toString() +
      answerOf(["HTTP/1.1 200 OK", "content-length:10", 'etag:   "1"  '], body).toString(),
    answerOf(
      ["HTTP/1.1 200", "Transfer-Encoding: chunked", 'ETag: "1"'],
      "4;name=value\r\n0123\r\n6\r\n456789\r\n0\r\nTrailer: x\r\n\r\n",
    ),
  ].map((bytes) => Buffer.from(bytes));
  let [answer, cut] = [answers[0]!, 0];
  const server = await startRawServer(t, (socket) => {
    socket.write(answer.subarray(0, cut));
    // Two writes in two turns of the loop, without delay: two reads at the other end, nearly always.
    setImmediate(() => socket.write(answer.subarray(cut)));
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  t.after(() => agent.close());
  for (answer of answers) {
    for (cut = 0; cut <= answer.length; cut++) {
      const { status, headers, body: chunks } = await agent.send(get, never);
      assert.equal(status, 200);
      assert.equal(headers.get("etag"), '"1"');
      assert.equal((await collect(chunks())).toString(), body, `cut at ${cut} of ${JSON.stringify(String(answer))}`);
    }
  }
  assert.equal(server.made, 1, "all of it over one connection");
});

test("any bytes in any pieces come through, in chunks or not, also when the reader is slow", async (t) => {
  let pieces: Uint8Array[] = [];
  let chunked = false;
  const server = await startRawServer(t, async (socket) => {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    socket.write(`HTTP/1.1 200 OK\r\n${chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`}\r\n\r\n`);
    for (const piece of pieces) {
      if (chunked) socket.write(`${piece.length.toString(16)}\r\n`);
      await written(socket, piece);
      if (chunked) socket.write("\r\n");
    }
    if (chunked) socket.write("0\r\n\r\n");
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  t.after(() => agent.close());
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 60_000, max: 700_000 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(sizes, fc.boolean(), fc.nat(3), async (lengths, inChunks, slowness) => {
      pieces = lengths.map((length) => randomBytes(length));
      chunked = inChunks;
      const { body } = await agent.send(get, never);
      const found: Buffer[] = [];
      for await (const chunk of body()) {
        // The chunk has to stay what it is until the next one is asked for, whatever arrives meanwhile.
        for (let turns = 0; turns < slowness; turns++) await turn();
        found.push(Buffer.from(chunk));
      }
      assert.ok(Buffer.concat(found).equals(Buffer.concat(pieces)));
    }),
    { numRuns: 60 },
  );
  assert.equal(server.made, 1);
});

test("what is not plain HTTP/1.1 is refused", () => {
  const refused = [
    "HTTP/2 200",
    "HTTP/1.1 99 x",
    "ICY 200 OK",
    "HTTP/1.1 200 OK\r\nno colon",
    "HTTP/1.1 200 OK\r\nname : x",
    "HTTP/1.1 200 OK\r\na: b\r\n folded",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    "HTTP/1.1 200 OK\r\nContent-Length: +1",
    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1",
    "HTTP/1.1 200 OK\r\nContent-Length: -1",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
    'HTTP/1.1 200 OK\r\nETag: "1"\r\nETag: "2"',
    "HTTP/1.1 200 OK\nContent-Length: 1",
    "HTTP/1.1 200 OK\r\na: b\0c",
  ];
  for (const text of refused) {
    assert.throws(() => parseResponseHead(text, false), HttpFailure, JSON.stringify(text));
  }
  const { headers, keepAlive, body } = parseResponseHead(
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1",
    false,
  );
  assert.deepEqual([headers.get("content-length"), keepAlive, body], ["1", true, { length: 1 }]);
  assert.equal(
    parseResponseHead("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1", false).keepAlive,
    false,
  );
  assert.equal(parseResponseHead("HTTP/1.0 200 OK\r\nContent-Length: 1", false).keepAlive, false);
});

test("a head without an end is not waited for", async (t) => {
  const server = await startRawServer(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(100_000)}`);
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  await assert.rejects(agent.send(get, never), { code: "protocol" });
});

test("bytes beyond the announced ones, and bytes that nobody asked for, end the connection", async (t) => {
  const server = await startRawServer(t, (socket, _head, requests) => {
    if (requests === 1) socket.write(answerOf(["HTTP/1.1 200 OK", "content-length: 3"], "one"));
    else socket.write(answerOf(["HTTP/1.1 200 OK", "content-length: 3"], "two and more"));
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  t.after(() => agent.close());
  assert.equal((await collect((await agent.send(get, never)).body())).toString(), "one");
  await assert.rejects(collect((await agent.send(get, never)).body()), { code: "surplus" });
  assert.equal((await collect((await agent.send(get, never)).body())).toString(), "one");
  assert.equal(server.made, 2);

  // Between two requests.
  const [connection] = [...server.open].slice(-1);
  const closed = new Promise((resolve) => connection?.once("close", resolve));
  connection?.write(answerOf(["HTTP/1.1 200 OK", "content-length: 8"], "smuggled"));
  await closed;
  assert.equal((await collect((await agent.send(get, never)).body())).toString(), "one");
  assert.equal(server.made, 3);
});

test("a kept connection that the server has closed is replaced without a word; a new one that breaks is an error", async (t) => {
  const server = await startRawServer(t, (socket, _head, requests) => {
    if (requests === 1) socket.write(answerOf(["HTTP/1.1 200 OK", "content-length: 1"], "1"));
    // Closed at the moment at which the next request is on its way: nobody could have known.
    else socket.destroy();
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  t.after(() => agent.close());
  for (let round = 0; round < 5; round++) await collect((await agent.send(get, never)).body());
  assert.equal(server.made, 5);

  const breaking = await startRawServer(t, (socket) => socket.destroy());
  const other = new HttpAgent({ origin: new URL(breaking.endpoint) });
  await assert.rejects(other.send(get, never));
  assert.equal(breaking.made, 1);
});

test("a connection that ends in the middle of a body is an error, one without a length ends it", async (t) => {
  const server = await startRawServer(t, (socket, head) => {
    const lines = head.startsWith("GET /short") ? ["content-length: 10"] : [];
    socket.end(answerOf(["HTTP/1.1 200 OK", ...lines], "12345"));
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  await assert.rejects(collect((await agent.send({ ...get, path: "/short" }, never)).body()), { code: "closed" });
  assert.equal((await collect((await agent.send(get, never)).body())).toString(), "12345");
});

test("no more connections than allowed; who waits gets one, or leaves when the work is called off", async (t) => {
  let answered = 0;
  const waiting: Socket[] = [];
  const server = await startRawServer(t, (socket) => void waiting.push(socket));
  const agent = new HttpAgent({ origin: new URL(server.endpoint), connections: 2 });
  t.after(() => agent.close());
  const all = Array.from({ length: 7 }, async () => {
    await collect((await agent.send(get, never)).body());
    answered += 1;
  });
  const stop = new AbortController();
  const reason = new Error("called off");
  const called = assert.rejects(agent.send(get, stop.signal), (error) => error === reason);
  stop.abort(reason);
  await called;
  while (answered < 7) {
    assert.ok(server.open.size <= 2);
    waiting.shift()?.write(answerOf(["HTTP/1.1 200 OK", "content-length: 1"], "1"));
    await turn();
  }
  await Promise.all(all);
  assert.equal(server.made, 2);
});

test("a body that is left, and a request that is called off, leave no connection", async (t) => {
  const server = await startRawServer(t, (socket, head) => {
    if (head.startsWith("GET /x")) socket.write(answerOf(["HTTP/1.1 200 OK", "content-length: 1000"], "begin"));
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  for await (const _ of (await agent.send(get, never)).body()) break;
  (await agent.send(get, never)).discard();
  const stop = new AbortController();
  const reason = new Error("called off");
  const silent = agent.send({ ...get, path: "/silent" }, stop.signal);
  const half = await agent.send(get, stop.signal);
  const reading = collect(half.body());
  stop.abort(reason);
  await assert.rejects(silent, (error) => error === reason);
  await assert.rejects(reading, (error) => error === reason);
  while (server.open.size > 0) await turn();
});

test("a reader that takes its time makes the server wait: memory stays what it is", async (t) => {
  const size = 200 * 1024 * 1024;
  const piece = Buffer.alloc(1024 * 1024);
  let sent = 0;
  const server = await startRawServer(t, async (socket) => {
    socket.write(answerOf(["HTTP/1.1 200 OK", `content-length: ${size}`]));
    for (; sent < size; sent += piece.length) await written(socket, piece);
  });
  const agent = new HttpAgent({ origin: new URL(server.endpoint) });
  t.after(() => agent.close());
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let taken = 0;
  for await (const chunk of (await agent.send(get, never)).body()) {
    // Until nothing more goes out, for as long as much is still to come.
    for (let last = -1; last !== sent; ) {
      last = sent;
      for (let turns = 0; turns < 50; turns++) await turn();
    }
    taken += chunk.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    if (taken > 20 * 1024 * 1024) break;
  }
  assert.ok(sent < size, "the server could send everything");
  assert.ok(most < 4 * 1024 * 1024, `${most} bytes`);
});

test("a server that accepts nothing is given up after the time allowed, TLS included", async (t) => {
  const server = await startRawServer(t, () => {});
  const agent = new HttpAgent({ origin: new URL(server.endpoint.replace("http", "https")), connectTimeout: 50 });
  await assert.rejects(agent.send(get, never), { code: "connect-timeout" });
  while (server.open.size > 0) await turn();
});

test("over TLS the authority must be known, and the name be right", { skip: without("openssl") }, async (t) => {
  const folder = await temporaryDirectory(t);
  const tls = await makeCertificates(folder);
  const wrong = await makeCertificates(`${folder}/wrong`, { serverNames: ["elsewhere.example"] });
  const bytes = randomBytes(3_000_000);
  const start = async ({ serverKey, serverCert }: { serverKey: string; serverCert: string }) => {
    const server = createTlsServer({ key: await readFile(serverKey), cert: await readFile(serverCert) }, (_, answer) =>
      answer.end(bytes),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  };
  const right = await start(tls);
  const agent = new HttpAgent({ origin: right, ca: await readFile(tls.ca, "utf8") });
  t.after(() => agent.close());
  for (let round = 0; round < 2; round++) {
    assert.ok((await collect((await agent.send(get, never)).body())).equals(bytes));
  }
  await assert.rejects(new HttpAgent({ origin: right }).send(get, never), /certificate/);
  const misnamed = new HttpAgent({ origin: await start(wrong), ca: await readFile(wrong.ca, "utf8") });
  await assert.rejects(misnamed.send(get, never), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
});

function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => resolve());
  });
}
