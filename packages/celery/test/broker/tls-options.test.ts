import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeCertificates } from "../../../../testing/certificates.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { type RedisTlsOptions, redisLink } from "../../src/broker/redis-connection.ts";
import type { RedisFault } from "../../src/broker/redis-errors.ts";

const run = promisify(execFile);
const skip = without("redis-server", "openssl");
const it = (story: string, tell: (t: TestContext) => Promise<void>) => test(story, { skip, timeout: 120_000 }, tell);

it("who the server is, is asked for as strictly as the options say", async (t) => {
  const server = await startRedis(t, { tls: { serverNames: ["redis.example"] } });
  const strangers = await makeCertificates(`${server.tls!.ca}.strangers`);
  const { ca, cert, key } = server.tls!;
  const text = (path: string) => readFileSync(path, "utf8");
  const cases: [string, RedisTlsOptions, RedisFault | "connected"][] = [
    ["the name, by default", { ca, cert, key }, "certificate-name"],
    ["another name than the host's", { ca, cert, key, serverName: "redis.example" }, "connected"],
    ["no name", { ca, cert, key, checkHostName: false }, "connected"],
    ["no name, but the signer", { ca: strangers.ca, cert, key, checkHostName: false }, "certificate-untrusted"],
    ["optional is required", { ca: strangers.ca, cert, key, certReqs: "optional" }, "certificate-untrusted"],
    ["nothing", { ca: strangers.ca, cert, key, certReqs: "none" }, "connected"],
    ["nothing, and no authority", { cert, key, certReqs: "none" }, "connected"],
    ["nothing of the server, which still asks us", { certReqs: "none" }, "client-certificate"],
    ["PEM texts", { ca: text(ca), cert: text(cert), key: text(key), serverName: "redis.example" }, "connected"],
  ];
  for (const [name, tls, outcome] of cases) {
    const link = redisLink({ host: server.host, port: server.port, tls });
    t.after(() => link.close());
    if (outcome === "connected") await link.connect();
    else await assert.rejects(link.connect(), { fault: outcome }, name);
    link.close();
  }
});

it("files that cannot be used are an error at the start that says what is wrong with them", async (t) => {
  const server = await startRedis(t, { tls: true });
  const folder = await temporaryDirectory(t);
  const strangers = await makeCertificates(join(folder, "strangers"));
  const { ca, cert, key } = server.tls!;
  const empty = join(folder, "empty");
  writeFileSync(empty, "");
  const locked = join(folder, "locked.key");
  await run("openssl", ["pkcs8", "-topk8", "-in", key, "-passout", "pass:word", "-out", locked]);

  const cases: [RedisTlsOptions, RegExp][] = [
    [{ ca: "/does/not/exist", cert, key }, /ENOENT.*\/does\/not\/exist/],
    [{ ca: folder, cert, key }, /EISDIR/],
    [{ ca: empty, cert, key }, /the CA file holds no certificate/],
    [{ ca, cert: empty, key }, /the certificate file holds no certificate/],
    [{ ca, cert, key: empty }, /the key file holds no private key/],
    [{ ca, cert, key: locked }, /protected by a passphrase/],
    [{ ca, cert, key: strangers.key }, /the key is not that of the certificate/],
    [{ ca, cert }, /a certificate and its key go together/],
    [{ ca, key }, /a certificate and its key go together/],
    [{ ca, cert: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", key }, /./],
  ];
  for (const [tls, message] of cases) {
    const link = redisLink({ host: server.host, port: server.port, tls });
    await assert.rejects(link.connect(), { code: "CDT-REDIS-TLS-FILES", message });
    link.close();
  }

  // What was wrong is put right, and the same link connects.
  const mended = join(folder, "mended.crt");
  const link = redisLink({
    host: server.host,
    port: server.port,
    tls: { ca: mended, cert, key, serverName: "localhost" },
  });
  t.after(() => link.close());
  await assert.rejects(link.connect(), { code: "CDT-REDIS-TLS-FILES" });
  writeFileSync(mended, readFileSync(ca));
  await link.connect();
});

it("a file system that hangs at the start is an error of the files, not of Redis", async (t) => {
  const server = await startRedis(t, { tls: true });
  const pipe = join(await temporaryDirectory(t), "pipe");
  await run("mkfifo", [pipe]);
  const link = redisLink({ host: server.host, port: server.port, tls: { ca: pipe } });
  t.after(() => link.close());
  try {
    await assert.rejects(link.connect(), {
      code: "CDT-REDIS-TLS-FILES",
      message: /reading them takes longer than 5 s/,
    });
  } finally {
    // Whoever opens a pipe to write lets the one who hangs in reading it go on.
    closeSync(openSync(pipe, "r+"));
  }
});

it("without a CA file, the authorities of this machine's administrator are trusted", async (t) => {
  const server = await startRedis(t, { tls: true });
  const { ca, cert, key } = server.tls!;
  const source = `
    import { redisLink } from ${JSON.stringify(fileURLToPath(import.meta.resolve("../../src/broker/redis-connection.ts")))};
    const tls = { cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)}, serverName: "localhost" };
    const link = redisLink({ host: "127.0.0.1", port: ${server.port}, tls });
    await link.connect().catch((error) => process.stdout.write(error.code));
    link.close();
  `;
  const connectWith = async (env: NodeJS.ProcessEnv) =>
    (await run(process.execPath, ["--input-type=module", "--eval", source], { env: { ...process.env, ...env } }))
      .stdout;
  assert.equal(await connectWith({}), "CDT-REDIS-CERTIFICATE-UNTRUSTED");
  assert.equal(await connectWith({ SSL_CERT_FILE: ca }), "");
});
