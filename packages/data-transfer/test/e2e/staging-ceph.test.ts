import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { startCeph, withoutCeph } from "../../../../testing/ceph.ts";
import { realFitsFiles, withoutRealFits } from "../../../../testing/real-fits.ts";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { putObject } from "../../src/demo/put-object.ts";
import { archivePackages, archiveSources, assertStaged, seedLocations, sourceOf } from "../processes/packages.ts";
import { type Production, startProduction, startServers } from "../processes/production.ts";
import { until } from "../world/until.ts";

const options = { skip: withoutCeph() || withoutRealFits() || without("redis-server", "openssl") };
const shared = options.skip ? undefined! : await startShared();
const worker = ["worker", "--location", "ramses_processing"];

suite("packages in Ceph", options, () => {
  test("real FITS files are staged by separate processes, byte for byte", async (t) => {
    const { production, bucket } = await withBucket(t, "fits");
    const names = await packFitsFiles(production);
    for (const name of names) await upload(production, bucket, name);
    const { run, start } = production;
    await Promise.all([start(["manager"]), start(worker), start(worker)]);

    const plan = (await run(["stage", "plan", ...names, "--output", "json"])).json;
    assert.ok(plan.bytes_to_move > 30_000_000, `${plan.bytes_to_move} bytes`);
    const ran = await run(["stage", "request", ...names, "--wait", "--output", "json"]);
    assert.deepEqual([ran.code, ran.json.counts.completed], [0, names.length], ran.stderr);
    await assertStaged(production, names);

    const paths = (await run(["stage", "info", "--job", "1"])).stdout.trim().split("\n");
    assert.equal(paths.length, realFitsFiles().length);
    for (const path of paths) assert.match((await readFile(path)).subarray(0, 80).toString(), /^SIMPLE {2}= +T/);
    assert.equal((await run(["stage", "verify", ...names])).code, 0);
  });

  test("the sample is put there, signed, once; and staged", async (t) => {
    const { production, bucket } = await withBucket(t, "sample");
    const { run, start } = production;
    const made = await run(["db", "sample", "cologne/lta"]);
    assert.equal(made.code, 0, made.stderr);
    const names = made.stdout.trim().split("\n");
    const { client } = shared.ceph;
    const listed = async () => (await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? [];
    const objects = await listed();
    assert.deepEqual(objects.map(({ Key }) => Key).sort(), names.map((name) => `packages/${name}.tar`).sort());
    assert.equal((await run(["db", "sample", "cologne/lta"])).code, 0);
    assert.deepEqual(await listed(), objects);

    await Promise.all([start(["manager"]), start(worker)]);
    assert.equal((await run(["stage", "request", ...names, "--wait"])).code, 0);
    assert.equal((await run(["stage", "verify", ...names])).code, 0);

    // Ceph itself refuses to replace an object.
    const { endpoint, region, accessKeyId: accessKey, secretAccessKey: secretKey } = shared.ceph;
    const target = { endpoint, bucket, prefix: "packages/", region, accessKey, secretKey };
    const file = fileURLToPath(import.meta.url);
    const put = (key: string) => putObject(target, key, file, new AbortController().signal);
    assert.equal(await put("new (one)+ä.ts"), "put");
    assert.equal(await put(`${names[0]}.tar`), "exists");
    const after = await listed();
    assert.deepEqual(
      after.filter(({ Key }) => Key !== "packages/new (one)+ä.ts"),
      objects,
    );
    assert.equal(after.length, objects.length + 1);
    await assert.rejects(putObject({ ...target, secretKey: "wrong" }, "other", file, new AbortController().signal), {
      code: "CDT-SOURCE-FORBIDDEN",
    });
  });

  test("a wrong secret key: the item waits, and says why; with the right one it is staged", async (t) => {
    const { production, bucket } = await withBucket(t, "wrong-key");
    await archivePackages(production, { one: 50_000 });
    await upload(production, bucket, "one");
    const wrong = "wrong secret key of the archive";
    production.keepSecret(wrong);
    const settings = { s3__cologne_lta__secret_key: wrong, staging__retry_base: "1s", staging__retry_max: "1s" };
    const [, first] = await Promise.all([production.start(["manager"]), production.start(worker, { settings })]);
    await production.run(["stage", "request", "one"]);
    const item = await itemWith(production, "CDT-SOURCE-FORBIDDEN");
    assert.deepEqual([item.status, item.reason], ["pending", "unreadable_source"]);
    assert.match(item.sentence, /refuses to be read: the secret key does not fit/);
    const shown = await production.run(["stage", "progress", "1"]);
    assert.match(shown.stdout, /\[CDT-SOURCE-FORBIDDEN\] .*; again at 20\d\d-/);
    await assertStaged(production, []);

    await first.stop();
    await production.start(worker);
    assert.equal((await production.run(["stage", "wait", "1"])).code, 0);
    await assertStaged(production, ["one"]);
  });

  test("an object that is missing, and an endpoint that nobody allowed, have their codes; the next package is staged", async (t) => {
    const { production, bucket } = await withBucket(t, "missing");
    await archivePackages(production, { gone: 50_000, good: 60_000 });
    await upload(production, bucket, "good");
    const { client } = shared.ceph;
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "packages/gone.tar" }));
    const { run, start, settings } = production;
    const [, first] = await Promise.all([start(["manager"]), start(worker)]);
    const ran = await run(["stage", "request", "gone", "good", "--wait", "--output", "json"]);
    assert.equal(ran.code, 1);
    const [gone, good] = ran.json.items;
    assert.deepEqual([gone.status, gone.reason, gone.code], ["failed", "no_source", "CDT-OBJECT-MISSING"]);
    assert.equal(good.status, "completed");
    await assertStaged(production, ["good"]);

    await first.stop();
    settings.storage__allowed_endpoints = '["https://elsewhere.example"]';
    await start(worker);
    await archivePackages(production, { later: 1000 });
    await upload(production, bucket, "later");
    await run(["stage", "request", "later"]);
    const item = await itemWith(production, "CDT-ENDPOINT-NOT-ALLOWED", "2");
    assert.deepEqual([item.status, item.reason], ["pending", "unreadable_source"]);
    await assertStaged(production, ["good"]);
  });
});

async function startShared() {
  const [ceph, servers] = await Promise.all([startCeph({ after }), startServers({ after })]);
  return { ceph, servers };
}

/** A production whose archive is a bucket, with the settings that a worker needs to read there. */
async function withBucket(t: Scope, name: string): Promise<{ production: Production; bucket: string }> {
  const { ceph, servers } = shared;
  const production = await startProduction(t, servers);
  const bucket = await ceph.createBucket(name);
  const { endpoint, region } = ceph;
  await seedLocations(production, [
    {
      ...{ name: "lta", locationType: "long_term_archive", priority: 0, active: true },
      ...{ storageType: "s3", endpoint, bucket, prefix: "packages/", region },
    },
  ]);
  production.settings.storage__allowed_endpoints = JSON.stringify([endpoint]);
  production.settings.s3__cologne_lta__access_key = ceph.accessKeyId;
  production.settings.s3__cologne_lta__secret_key = ceph.secretAccessKey;
  return { production, bucket };
}

async function upload({ archive }: Production, bucket: string, name: string): Promise<void> {
  const path = join(archive, `${name}.tar`);
  const body = { Body: createReadStream(path), ContentLength: (await stat(path)).size };
  await shared.ceph.client.send(new PutObjectCommand({ Bucket: bucket, Key: `packages/${name}.tar`, ...body }));
}

/** The star catalogues, in three packages. */
async function packFitsFiles(production: Production): Promise<string[]> {
  const names = ["tycho2_a", "tycho2_b", "tycho2_c"];
  for (const [index, file] of realFitsFiles().entries()) {
    const directory = join(sourceOf(production, names[index % names.length]!), "catalogue");
    await mkdir(directory, { recursive: true });
    await copyFile(file, join(directory, basename(file)));
  }
  await archiveSources(production, names, "tycho2");
  return names;
}

/** The first item of a job, once it has this code. */
async function itemWith({ run }: Production, code: string, job = "1") {
  return until(`the item of job ${job} has the code ${code}`, async () => {
    const [item] = (await run(["stage", "progress", job, "--output", "json"])).json.items;
    return item.code === code && item;
  });
}
