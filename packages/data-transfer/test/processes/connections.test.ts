import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type CertificateOptions, makeCertificates } from "../../../../testing/certificates.ts";
import { freePort } from "../../../../testing/free-port.ts";
import { startPostgres } from "../../../../testing/postgres.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { expectGoesOn, expectOutcome } from "./outcome.ts";
import { fillProduction } from "./packages.ts";
import { type Production, redisName, startProduction, startServers } from "./production.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip ? undefined! : await startServers({ after }, { postgres: { version: 18, tls: true } });
const worker = ["worker", "--location", "ramses_processing"];
const asked = "asked_for_before";

/** What the program says at its end, where nothing but the settings has been changed. */
interface Refusal {
  settings: Record<string, string | undefined>;
  code: string;
  sentence: RegExp;
  help?: RegExp;
  /** It may pass by itself: then it is tried again, visibly, until the startup timeout is over. */
  transient?: true;
}

suite("a server that cannot be used ends the program with exit code 2, a code and a sentence", options, () => {
  test("Redis", async (t) => {
    const production = await startWithRequest(t);
    const expired = await anotherRedis(t, { serverNames: [redisName], serverDays: -1 });
    const strangers = await makeCertificates(join(production.folder, "strangers"), { clientDays: -1 });
    const port = String(await freePort());
    production.keepSecret("wrong password of Redis");

    await refused(production, {
      settings: { redis__port: port },
      code: "CDT-BROKER-UNREACHABLE",
      sentence: new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`),
      transient: true,
    });
    await refused(production, {
      settings: { redis__password: "wrong password of Redis" },
      code: "CDT-BROKER-LOGIN",
      sentence: /password/,
    });
    await refused(production, {
      settings: { redis__ca_file: strangers.ca },
      code: "CDT-BROKER-CERTIFICATE-UNTRUSTED",
      sentence: /certificate/,
      help: /redis\.ca_file/,
    });
    await refused(production, {
      settings: { redis__server_name: "redis" },
      code: "CDT-BROKER-CERTIFICATE-NAME",
      sentence: /redis.*db\.data\.ccat\.uni-koeln\.de/,
      help: /redis\.server_name/,
    });
    await refused(production, {
      settings: { redis__port: expired.port, redis__ca_file: expired.ca },
      code: "CDT-BROKER-CERTIFICATE-EXPIRED",
      sentence: /is not valid now \(CERT_HAS_EXPIRED\)/,
    });
    await refused(production, {
      settings: { redis__cert_file: "@none", redis__key_file: "@none" },
      code: "CDT-BROKER-CLIENT-CERTIFICATE",
      sentence: /client certificate/,
      help: /redis\.cert_file/,
    });
    await refused(production, {
      settings: { redis__cert_file: strangers.cert, redis__key_file: strangers.key },
      code: "CDT-BROKER-CLIENT-CERTIFICATE",
      sentence: /certificate/,
    });
    await refused(production, {
      settings: { redis__cert_file: "/nowhere/redis.crt" },
      code: "CDT-BROKER-TLS",
      sentence: /\/nowhere\/redis\.crt/,
    });
    await expectGoesOn(production, [asked]);
  });

  test("PostgreSQL", async (t) => {
    const production = await startWithRequest(t);
    const expired = await startPostgres(t, { tls: { serverDays: -1 } });
    const strangers = await makeCertificates(join(production.folder, "strangers"));
    const port = String(await freePort());
    production.keepSecret("wrong password of PostgreSQL");

    await refused(production, {
      settings: { database__port: port },
      code: "CDT-DATABASE-UNREACHABLE",
      sentence: new RegExp(`127\\.0\\.0\\.1:${port}`),
      transient: true,
    });
    await refused(production, {
      settings: { database__password: "wrong password of PostgreSQL" },
      code: "CDT-DATABASE-LOGIN",
      sentence: /password/,
    });
    await refused(production, {
      settings: { database__name: "nowhere" },
      code: "CDT-DATABASE-LOGIN",
      sentence: /database "nowhere" does not exist/,
    });
    await refused(production, {
      settings: { database__sslrootcert: strangers.ca },
      code: "CDT-DATABASE-TLS",
      sentence: /certificate/,
    });
    await refused(production, {
      settings: { database__server_name: "postgres" },
      code: "CDT-DATABASE-TLS",
      sentence: /postgres/,
    });
    await refused(production, {
      settings: { database__port: String(expired.port), database__sslrootcert: expired.tls!.ca },
      code: "CDT-DATABASE-TLS",
      sentence: /expired/,
    });
    await refused(production, {
      settings: { database__sslmode: "disable" },
      code: "CDT-DATABASE-LOGIN",
      sentence: /no encryption/,
    });
    await expectGoesOn(production, [asked]);
  });

  test("a database that is not migrated", async (t) => {
    const production = await startProduction(t, servers, { database: "empty" });
    await ended(production, {
      settings: {},
      code: "CDT-NOT-MIGRATED",
      sentence: /nothing of ours is in it yet/,
      help: /^ccat_data_transfer db migrate$/,
    });
    assert.equal((await production.run(["db", "migrate"])).code, 0);
    await request(production);
    await expectGoesOn(production, [asked]);
  });
});

/** A production in which a package was asked for before anything went wrong. */
async function startWithRequest(t: Scope): Promise<Production> {
  const production = await startProduction(t, servers);
  await request(production);
  return production;
}

async function request(production: Production): Promise<void> {
  await fillProduction(production, { [asked]: 4000 });
  assert.equal((await production.run(["stage", "request", asked])).code, 0);
}

/** A worker that ends at its start leaves everything as it was. */
async function refused(production: Production, refusal: Refusal): Promise<void> {
  await ended(production, refusal);
  await expectOutcome(production, { staged: [], items: [["pending", undefined]] });
}

/** Starts a worker, whose end must be as told: on stderr, in the exit code, and where Kubernetes looks for a reason. */
async function ended(production: Production, { settings, code, sentence, help, transient }: Refusal): Promise<void> {
  const terminationLog = join(production.folder, "termination-log");
  await writeFile(terminationLog, "");
  const began = performance.now();
  const ran = await production.run([...worker, "--startup-timeout", "3s"], { settings, terminationLog });
  const seconds = (performance.now() - began) / 1000;
  const [error, hint] = ran.stderr.trimEnd().split("\n").slice(-2);
  const about = `${JSON.stringify(settings)}\n${ran.stderr}`;
  assert.equal(ran.code, 2, about);
  assert.equal(ran.stdout, "");
  assert.ok(error?.startsWith("error: ") && error.endsWith(` [${code}]`), about);
  assert.match(error ?? "", sentence, about);
  assert.match(hint?.replace(/^try: /, "") ?? "", help ?? /./, about);
  assert.equal(await readFile(terminationLog, "utf8"), `${error}\n`);
  const tries = ran.stderr.split("\n").filter((line) => line.includes("is not ready; trying again")).length;
  assert.ok(transient ? tries >= 2 : tries === 0, `${tries} tries: ${about}`);
  assert.ok(!transient || (seconds > 3 && seconds < 60), `${seconds} s: ${about}`);
}

async function anotherRedis(t: { after(work: () => void | Promise<void>): void }, tls: CertificateOptions) {
  const redis = await startRedis(t, { tls });
  return { port: String(redis.port), ca: redis.tls!.ca };
}
