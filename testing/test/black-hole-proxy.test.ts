import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { startBlackHoleProxy } from "../black-hole-proxy.ts";

const deadline = { timeout: 60_000 };

test("the proxy passes bytes and both ends of a connection on", deadline, async (t) => {
  const proxy = await startBlackHoleProxy(t, await startEcho(t));
  const client = connect(proxy);
  client.end("a word");
  const answer: Buffer[] = [];
  for await (const chunk of client) answer.push(chunk as Buffer);
  assert.equal(Buffer.concat(answer).toString(), "a word");
});

test("cut resets what is open and what comes, until it passes again", deadline, async (t) => {
  const proxy = await startBlackHoleProxy(t, await startEcho(t));
  const open = connect(proxy);
  assert.equal(await ask(open, "before"), "before");
  const broken = once(open, "error");
  proxy.cut();
  assert.equal(((await broken) as [NodeJS.ErrnoException])[0].code, "ECONNRESET");
  await assert.rejects(ask(connect(proxy), "meanwhile"), { code: /ECONNRESET|EPIPE/ });
  proxy.pass();
  const next = connect(proxy);
  assert.equal(await ask(next, "after"), "after");
  next.destroy();
});

test("in the black hole connections stay open and silent, and are reset when it ends", deadline, async (t) => {
  const echo = await startEcho(t);
  const proxy = await startBlackHoleProxy(t, echo);
  const client = connect(proxy);
  assert.equal(await ask(client, "before"), "before");
  proxy.blackHole();
  let heard = "";
  client.on("data", (chunk) => {
    heard += chunk;
  });
  client.write("into the hole");
  const late = connect(proxy);
  await once(late, "connect");
  // What goes round the proxy is answered: by then an answer through it would have come, too.
  const beside = connect(echo);
  for (let round = 0; round < 50; round++) assert.equal(await ask(beside, `${round}`), `${round}`);
  beside.destroy();
  assert.equal(heard, "");
  assert.equal(client.destroyed || late.destroyed, false);

  const reset = Promise.all([once(client, "error"), once(late, "error")]);
  proxy.pass();
  await reset;
  assert.equal(heard, "");
});

async function ask(socket: Socket, word: string): Promise<string> {
  socket.write(word);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString();
}

async function startEcho(t: TestContext): Promise<{ host: string; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}
