import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  cpSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { issueClientCertificate, makeCertificates } from "../../../../testing/certificates.ts";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { certificateFacts } from "../../src/broker/certificate-files.ts";
import { redisBroker } from "../../src/broker/redis.ts";
import { type RedisConnectionOptions, type RedisLink, redisLink } from "../../src/broker/redis-connection.ts";
import type { RedisError } from "../../src/broker/redis-errors.ts";

const skip = without("redis-server", "openssl");
const it = (story: string, tell: (t: TestContext) => Promise<void>) => test(story, { skip, timeout: 180_000 }, tell);

it("certificates are renewed by putting another folder in the place of theirs, and no connection is cut", async (t) => {
  const world = await startWorld(t);
  const link = await world.connect();
  const before = world.facts();
  await world.renewFolder((fresh) => issueClientCertificate(world.server.tls!.ca, `${fresh}/client`, { days: 60 }));
  await until(() => world.facts().fingerprint !== before.fingerprint);
  assert.equal(world.facts().fingerprint, fingerprintOf(world.file("client.crt")));
  assert.ok(world.facts().notAfter! > before.notAfter!);
  assert.equal(world.facts().problem, undefined);
  assert.deepEqual(world.warnings, []);
  assert.deepEqual(world.log, ["info: renewed certificate files are in use for new connections"]);
  assert.equal(world.losses, 0, "the connection was left alone");
  await world.cut();
  assert.equal(await link.run((redis) => redis.ping()), "PONG");
});

it("a consumer goes on while the whole authority is replaced on both sides, without a restart", async (t) => {
  const world = await startWorld(t);
  const broker = redisBroker(world.options);
  t.after(() => broker.close());
  await broker.connect();
  const taken: string[] = [];
  const stop = new AbortController();
  const consuming = (async () => {
    while (!stop.signal.aborted) {
      try {
        const [delivery] = await broker.pop(["q"]);
        if (delivery) taken.push(delivery.raw);
        else await broker.wait(["q"], 1000, stop.signal);
      } catch {
        await pause(50);
      }
    }
  })();
  const push = async (message: string) => {
    await world.server.cli("LPUSH", "q", message);
    await until(() => taken.at(-1) === message);
  };
  await push("under the old authority");

  const next = await makeCertificates(`${world.folder}.next-authority`);
  await world.renewFolder(async (fresh) => {
    copyFileSync(next.ca, `${fresh}/ca.crt`);
    copyFileSync(next.cert, `${fresh}/client.crt`);
    copyFileSync(next.key, `${fresh}/client.key`);
  });
  for (const file of ["ca", "cert", "key", "serverCert", "serverKey"] as const) {
    copyFileSync(next[file], world.server.tls![file]);
  }
  await world.server.restart();
  await push("under the new authority");
  assert.equal(world.facts().fingerprint, fingerprintOf(next.cert));
  assert.deepEqual(world.warnings, []);
  stop.abort();
  await consuming;
});

it("a new key beside the old certificate is warned of once, and the old pair serves until its certificate has come", async (t) => {
  const world = await startWorld(t);
  const link = await world.connect();
  const before = world.facts();
  const next = await issueClientCertificate(world.server.tls!.ca, `${world.folder}.next/client`);
  copyFileSync(next.key, world.file("client.key"));
  await until(() => world.facts().problem !== undefined);
  assert.match(world.facts().problem!, /the key is not that of the certificate/);
  assert.equal(world.facts().fingerprint, before.fingerprint);
  const seen = world.facts().checkedAt;
  for (let looks = 0, last = seen; looks < 3; looks++) {
    await until(() => world.facts().checkedAt > last);
    last = world.facts().checkedAt;
  }
  await world.cut();
  assert.equal(await link.run((redis) => redis.ping()), "PONG");
  assert.equal(world.warnings.length, 1, "one warning, however often one looks");
  assert.equal(world.warnings[0]!.code, "CDT-REDIS-TLS-FILES");
  assert.match(world.warnings[0]!.message, /not used: the key is not .* the former certificate, which ends 20/);

  copyFileSync(next.cert, world.file("client.crt"));
  await until(() => world.facts().fingerprint === fingerprintOf(next.cert));
  assert.equal(world.facts().problem, undefined);
  await world.cut();
  assert.equal(await link.run((redis) => redis.ping()), "PONG");
  assert.equal(world.warnings.length, 1);
});

it("what has ended, what another authority signed, and what is no certificate does not take the place of what is good", async (t) => {
  const world = await startWorld(t);
  const link = await world.connect();
  const ca = world.server.tls!.ca;
  const strangers = await makeCertificates(`${world.folder}.strangers`);
  const ended = await issueClientCertificate(ca, `${world.folder}.ended/client`, { days: -1 });
  const cases: [RegExp, () => void][] = [
    [/test client is valid from .* to /, () => world.put(ended)],
    [/test client was signed by none of the authorities/, () => world.put(strangers)],
    [/the CA file holds no certificate/, () => writeFileSync(world.file("ca.crt"), "")],
    [/cannot be read \(ENOENT/, () => rmSync(world.file("ca.crt"))],
  ];
  for (const [i, [sentence, change]] of cases.entries()) {
    change();
    await until(() => sentence.test(world.facts().problem ?? ""));
    assert.equal(world.warnings.length, i + 1);
    await world.cut();
    assert.equal(await link.run((redis) => redis.ping()), "PONG");
  }
  const good = await issueClientCertificate(ca, `${world.folder}.good/client`);
  copyFileSync(ca, world.file("ca.crt"));
  world.put(good);
  await until(() => world.facts().fingerprint === fingerprintOf(good.cert));
});

it("where one authority signs servers and another one clients, only the files' own fit is asked for", async (t) => {
  const world = await startWorld(t);
  const clients = await makeCertificates(`${world.folder}.clients`);
  const both = `${readFileSync(world.server.tls!.ca, "utf8")}${readFileSync(clients.ca, "utf8")}`;
  copyFileSync(world.server.tls!.ca, world.file("ca.crt"));
  writeFileSync(world.server.tls!.ca, both);
  await world.server.restart();
  world.put(clients);
  await world.connect();
  const next = await issueClientCertificate(clients.ca, `${world.folder}.next/client`);
  world.put(next);
  await until(() => world.facts().fingerprint === fingerprintOf(next.cert));
  await world.cut();
});

it("a Kubernetes secret is renewed by one change of its link", async (t) => {
  const world = await startWorld(t, (folder) => {
    cpSync(folder, `${folder}.1`, { recursive: true });
    rmSync(folder, { recursive: true });
    symlinkSync(`${folder}.1`, folder);
  });
  await world.connect();
  const fresh = `${world.folder}.2`;
  cpSync(`${world.folder}.1`, fresh, { recursive: true });
  const next = await issueClientCertificate(world.server.tls!.ca, `${fresh}/client`);
  symlinkSync(fresh, `${world.folder}.link`);
  renameSync(`${world.folder}.link`, world.folder);
  await until(() => world.facts().fingerprint === fingerprintOf(next.cert));
  assert.deepEqual(world.warnings, []);
  await world.cut();
});

it("a server that no longer takes our certificate is tried with the renewed one at once, not when the next look is due", async (t) => {
  const world = await startWorld(t, undefined, { checkEvery: 3_600_000 });
  await world.connect();
  const next = await makeCertificates(`${world.folder}.next-authority`);
  copyFileSync(next.ca, world.file("ca.crt"));
  world.put(next);
  for (const file of ["ca", "cert", "key", "serverCert", "serverKey"] as const) {
    copyFileSync(next[file], world.server.tls![file]);
  }
  const since = performance.now();
  await world.back(() => world.server.restart());
  t.diagnostic(`back ${Math.round(performance.now() - since)} ms after the restart was asked for`);
  assert.ok(performance.now() - since < 10_000);
});

it("a file system that hangs holds one thread, and connections go on with what was read before", async (t) => {
  const world = await startWorld(t);
  const link = await world.connect();
  const before = world.facts();
  rmSync(world.file("client.crt"));
  await promisify(execFile)("mkfifo", [world.file("client.crt")]);
  try {
    await until(() => world.facts().problem !== undefined);
    assert.match(world.facts().problem!, /cannot be read \(reading them takes longer than 0.2 s\)/);
    for (let round = 0; round < 5; round++) {
      await world.cut();
      assert.equal(await link.run((redis) => redis.ping()), "PONG");
      await pause(300);
    }
    assert.equal(process.getActiveResourcesInfo().filter((what) => what.startsWith("FSReq")).length, 1);
    assert.equal(world.facts().fingerprint, before.fingerprint);
    assert.equal(world.warnings.length, 1);
  } finally {
    // Out of the way of further reads. Whoever opens a pipe to write lets the one who hangs in reading it go on.
    renameSync(world.file("client.crt"), world.file("pipe"));
    closeSync(openSync(world.file("pipe"), "r+"));
  }
  const next = await issueClientCertificate(world.server.tls!.ca, `${world.folder}.next/client`);
  world.put(next);
  await until(() => world.facts().fingerprint === fingerprintOf(next.cert));
});

it("all connections with the same files share one watch, which ends with the last of them", async (t) => {
  const world = await startWorld(t);
  const [one, two] = [await world.connect(), await world.connect()];
  writeFileSync(world.file("client.key"), "nothing");
  await until(() => world.warnings.length > 0);
  one.close();
  assert.ok(certificateFacts(world.options.tls!));
  two.close();
  assert.equal(certificateFacts(world.options.tls!), undefined);
  assert.equal(world.warnings.length, 1, "one warning for both");
});

it("a watch keeps no process alive, and without anybody to tell, warnings are Node's", async (t) => {
  const world = await startWorld(t);
  const source = `
    import { writeFileSync } from "node:fs";
    import { useCertificates } from ${JSON.stringify(fileURLToPath(import.meta.resolve("../../src/broker/certificate-files.ts")))};
    const tls = ${JSON.stringify(world.options.tls)};
    await useCertificates(tls, {}).current();
    writeFileSync(tls.key, "nothing");
    process.once("warning", () => clearTimeout(patience));
    const patience = setTimeout(() => {}, 60_000);
  `;
  const { stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", source]);
  assert.match(
    stderr,
    /\[CDT-REDIS-TLS-FILES\] RedisWarning: the TLS files have changed and are not used: the key file/,
  );
});

interface World {
  server: TestRedis;
  options: RedisConnectionOptions;
  /** Holds ca.crt, client.crt and client.key, as the client uses them. */
  folder: string;
  file(name: string): string;
  warnings: RedisError[];
  log: string[];
  losses: number;
  connect(): Promise<RedisLink>;
  facts(): NonNullable<ReturnType<typeof certificateFacts>>;
  /** Puts a client's pair into the folder. */
  put(pair: { cert: string; key: string }): void;
  /** Fills a copy of the folder, and puts it in the folder's place. */
  renewFolder(fill: (fresh: string) => Promise<unknown>): Promise<void>;
  /** Ends all connections, and waits until the first one is back. */
  cut(): Promise<void>;
  back(during: () => Promise<unknown>): Promise<void>;
}

/** A Redis with mutual TLS, and a folder of certificates that a client looks at every fifth of a second. */
async function startWorld(
  t: TestContext,
  arrange: (folder: string) => void = () => {},
  more: RedisConnectionOptions["tls"] = {},
): Promise<World> {
  const server = await startRedis(t, { tls: true });
  const folder = join(await temporaryDirectory(t), "certs");
  cpSync(dirname(server.tls!.ca), folder, { recursive: true });
  arrange(folder);
  const file = (name: string) => join(folder, name);
  const warnings: RedisError[] = [];
  const log: string[] = [];
  const tls = { ca: file("ca.crt"), cert: file("client.crt"), key: file("client.key"), serverName: "localhost" };
  const options: RedisConnectionOptions = {
    host: server.host,
    port: server.port,
    tls: { ...tls, checkEvery: 200, ...more },
    onWarning: (warning) => warnings.push(warning),
    log: {
      info: (_facts: object, text?: string) => void log.push(`info: ${text}`),
      warn: () => {},
    },
  };
  const links: RedisLink[] = [];
  const world: World = {
    server,
    options,
    folder,
    file,
    warnings,
    log,
    losses: 0,
    async connect() {
      const link = redisLink(options);
      t.after(() => link.close());
      link.onLost(() => world.losses++);
      links.push(link);
      await link.connect();
      return link;
    },
    facts: () => certificateFacts(options.tls!)!,
    put({ cert, key }) {
      copyFileSync(key, file("client.key"));
      copyFileSync(cert, file("client.crt"));
    },
    async renewFolder(fill) {
      cpSync(folder, `${folder}.fresh`, { recursive: true });
      await fill(`${folder}.fresh`);
      renameSync(folder, `${folder}.former`);
      renameSync(`${folder}.fresh`, folder);
    },
    cut: () => world.back(() => server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")),
    async back(during) {
      const back = new Promise<void>((resolve) => links[0]!.onReady(() => resolve()));
      await during();
      await back;
    },
  };
  return world;
}

function fingerprintOf(path: string): string {
  return new X509Certificate(readFileSync(path)).fingerprint256;
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await pause(20);
}
