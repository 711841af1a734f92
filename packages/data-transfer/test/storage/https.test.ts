import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type Certificates, makeCertificates } from "../../../../testing/certificates.ts";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { EndpointNotAllowed, KeyRefused, SourceMisconfigured } from "../../src/errors/source.ts";
import { httpsStorage } from "../../src/storage/https.ts";
import { startObjectServer } from "./object-server.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const skip = without("openssl");
const ends: (() => void | Promise<void>)[] = [];
let tls: Certificates;

before(async () => {
  if (!skip) tls = await makeCertificates(await temporaryDirectory({ after: (work) => void ends.push(work) }));
});
after(async () => {
  for (const end of ends) await end();
});

test("redirects are followed to https, without credentials, and the bytes are those of the last place", {
  skip,
}, async (t) => {
  const seen: IncomingMessage["headers"][] = [];
  const last = await start(t, "https", (request, response) => {
    seen.push(request.headers);
    give(request, response, "the package");
  });
  const middle = await start(t, "https", redirect(`${last}/there`));
  const begin = await start(t, "http", redirect(`${middle}/further`));
  const storage = httpsStorage({
    ...{ base: `${begin}/packages/`, allowedOrigins: [begin, middle, last], ca: await readFile(tls.ca, "utf8") },
    authorization: "Bearer secret",
  });
  t.after(() => storage.close());
  const pin = await storage.stat("x", never);
  assert.equal((await collect(storage.read("x", { start: 4 }, pin, never))).toString(), "package");
  assert.deepEqual(
    seen.map(({ authorization }) => authorization),
    [undefined, undefined],
  );
});

test("credentials go to the origin that they are for, also after a redirect within it", { skip }, async (t) => {
  const seen: (string | undefined)[] = [];
  let place = "";
  const server = await start(t, "https", (request, response) => {
    seen.push(request.headers.authorization);
    if (request.url === "/x") response.writeHead(302, { location: `${place}/y` }).end("over there");
    else give(request, response, "here");
  });
  place = server;
  const ca = await readFile(tls.ca, "utf8");
  const storage = httpsStorage({ base: server, allowedOrigins: [server], ca, authorization: "Bearer secret" });
  t.after(() => storage.close());
  assert.equal((await storage.stat("x", never)).size, 4);
  assert.deepEqual(seen, ["Bearer secret", "Bearer secret"]);
});

test("redirects to http, to strangers, in circles, with credentials, or to nowhere are not followed", {
  skip,
}, async (t) => {
  const visited: string[] = [];
  const stranger = await start(t, "https", (request, response) => {
    visited.push(request.url ?? "");
    give(request, response, "a trap");
  });
  const plain = await start(t, "http", (request, response) => {
    visited.push(request.url ?? "");
    give(request, response, "a trap");
  });
  const targets: Record<string, string | undefined> = {
    "/to-http": `${plain}/x`,
    "/to-a-stranger": `${stranger}/x`,
    "/round": "/round",
    "/with-credentials": "https://user:hidden@127.0.0.1/x",
    "/to-a-file": "file:///etc/passwd",
    "/nowhere": undefined,
  };
  let circles = 0;
  const server = await start(t, "https", (request, response) => {
    if (request.url === "/round") circles += 1;
    const location = targets[request.url ?? ""];
    response.writeHead(307, location === undefined ? {} : { location }).end();
  });
  const ca = await readFile(tls.ca, "utf8");
  const storage = httpsStorage({ base: server, allowedOrigins: [server, plain], ca });
  t.after(() => storage.close());
  for (const path of Object.keys(targets)) {
    const refusal = path === "/to-a-stranger" ? EndpointNotAllowed : SourceMisconfigured;
    await assert.rejects(storage.stat(path.slice(1), never), (error) => {
      assert.ok(error instanceof refusal, `${path}: ${error}`);
      assert.doesNotMatch(JSON.stringify(error), /hidden/);
      return true;
    });
  }
  assert.deepEqual(visited, []);
  assert.equal(circles, 6);
});

test("a web server that nobody allowed is refused, one with credentials in its address, and keys that lead elsewhere", async () => {
  const allowedOrigins = ["https://archive.example"];
  for (const base of [
    "https://other.example/",
    "http://archive.example/",
    "https://u:hidden@archive.example/",
    "nothing",
  ]) {
    assert.throws(
      () => httpsStorage({ base, allowedOrigins }),
      (error) => {
        return error instanceof EndpointNotAllowed && !error.message.includes("hidden");
      },
    );
  }
  assert.throws(
    () => httpsStorage({ base: "https://u:hidden@archive.example/", allowedOrigins: "any" }),
    EndpointNotAllowed,
  );
  const storage = httpsStorage({ base: "https://archive.example/a?signature=hidden", allowedOrigins });
  assert.equal(storage.name, "https://archive.example/a");
  for (const key of ["..", "a/../b", "a//b", "./a", "/a"])
    await assert.rejects(storage.stat(key, never), KeyRefused, key);
});

test("the address itself is the object of no name; its query goes with every request, and into no error", async (t) => {
  const { endpoint, put, requests } = await startObjectServer(t);
  await put("a package.tar", Buffer.from("bytes"));
  const base = `${endpoint}/bucket/a%20package.tar?signature=hidden`;
  const storage = httpsStorage({ base, allowedOrigins: "any" });
  t.after(() => storage.close());
  const pin = await storage.stat("", never);
  assert.equal((await collect(storage.read("", { start: 0 }, pin, never))).toString(), "bytes");
  assert.deepEqual(requests, [
    "HEAD /bucket/a%20package.tar?signature=hidden",
    "GET /bucket/a%20package.tar?signature=hidden bytes=0-4",
  ]);
  const missing = httpsStorage({ base: `${endpoint}/bucket/x?signature=hidden`, allowedOrigins: "any" });
  t.after(() => missing.close());
  await assert.rejects(missing.stat("", never), (error) => !/hidden/.test(`${error}${JSON.stringify(error)}`));
});

test("a server that sends whole objects only is known as such, also when it does not say so", async (t) => {
  const silent = await startObjectServer(t, { ranges: false });
  await silent.put("x", Buffer.from("bytes"));
  const storage = httpsStorage({ base: `${silent.endpoint}/bucket/`, allowedOrigins: "any" });
  t.after(() => storage.close());
  assert.equal((await storage.stat("x", never)).wholeOnly, true);
  assert.deepEqual(silent.requests, ["HEAD /bucket/x", "GET /bucket/x bytes=0-0"]);

  const able = await startObjectServer(t);
  await able.put("x", Buffer.from("bytes"));
  const other = httpsStorage({ base: `${able.endpoint}/bucket/`, allowedOrigins: "any" });
  t.after(() => other.close());
  assert.equal((await other.stat("x", never)).wholeOnly, undefined);
  assert.deepEqual(able.requests, ["HEAD /bucket/x"]);
});

async function start(
  t: Scope,
  scheme: "http" | "https",
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server =
    scheme === "http"
      ? createServer(answer)
      : createTlsServer({ key: await readFile(tls.serverKey), cert: await readFile(tls.serverCert) }, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function redirect(location: string) {
  return (_: IncomingMessage, response: ServerResponse) => void response.writeHead(302, { location }).end();
}

function give(request: IncomingMessage, response: ServerResponse, text: string): void {
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const said = { "content-range": `bytes ${start}-${text.length - 1}/${text.length}` };
  const head = { etag: '"1"', "accept-ranges": "bytes", "content-length": text.length - start };
  response.writeHead(request.headers.range ? 206 : 200, request.headers.range ? { ...head, ...said } : head);
  response.end(request.method === "HEAD" ? undefined : text.slice(start));
}
