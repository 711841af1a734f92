import assert from "node:assert/strict";
import { chown, copyFile, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { applySeed } from "../../../../packages/data-transfer/src/cli/seed/apply-seed.ts";
import { readSeed, shippedSeed } from "../../../../packages/data-transfer/src/cli/seed/read-seed.ts";
import { jobItems } from "../../../../packages/data-transfer/src/opsdb/jobs.ts";
import { type GatedArchive, startGatedArchive } from "../../../../packages/data-transfer/test/processes/gated-s3.ts";
import { archivePackages, assertStaged, stagedAt } from "../../../../packages/data-transfer/test/processes/packages.ts";
import {
  assertKept,
  type Production,
  startProduction,
  startServers,
} from "../../../../packages/data-transfer/test/processes/production.ts";
import { until } from "../../../../packages/data-transfer/test/world/until.ts";
import { type BuiltImage, type Container, somebody } from "./build-image.ts";

const big = 20_000_000;
const command = ["ccat_data_transfer", "worker", "--location", "ramses_processing"];

/** The test of a whole worker, as the chart starts it. */
export function testWorker(image: BuiltImage): void {
  test("TERM in the middle of a package lets it end, and the container with 0", async (t) => {
    const servers = await startServers(t, { postgres: { version: 15 } });
    const production = await startProduction(t, servers);
    const gate = await startGatedArchive(t, production);
    production.settings.staging__root = "/data";
    await seedAtData(production, gate);
    await archivePackages(production, { big });
    const certificates = await certificatesFolder(production);
    await chown(production.root, somebody.uid, somebody.gid);

    const worker = await image.start(t, command, /worker is consuming/, {
      // As the chart says it: a command in place of the image's, options of Node for the heap, files where Ramses has them.
      options: ["--entrypoint", "", "--add-host", "redis:127.0.0.1"],
      mounts: { "/data": production.root, "/etc/redis/certs": certificates },
      env: {
        ENV_FOR_DYNACONF: "production",
        NODE_OPTIONS: "--max-old-space-size=256",
        ...variables({
          ...production.settings,
          redis__host: undefined,
          redis__ca_file: undefined,
          redis__cert_file: undefined,
          redis__key_file: undefined,
          storage__allowed_roots: undefined,
          storage__ca_file: "/etc/redis/certs/archive.crt",
          worker__drain_deadline: "60s",
        }),
      },
    });
    const health = `http://127.0.0.1:${/"port":(\d+),"msg":"health pages are served"/.exec(worker.process.output())![1]}`;
    await until("the worker is ready", async () => (await fetch(`${health}/readyz`)).status === 200);
    await expectNodeAlone(worker);
    await runbook(worker, production);

    await production.start(["manager"]);
    const asked = await worker.exec("ccat_data_transfer", "stage", "request", "big");
    assert.equal(asked.code, 0, asked.stderr);
    await until("the worker has half of the package", gate.reached);
    await worker.signal("TERM");
    await until("the worker says that it is leaving", async () =>
      (await (await fetch(`${health}/readyz`)).text()).includes("shutting down"),
    );
    gate.open();
    assert.equal(await worker.process.exited, 0, worker.process.output());

    const items = await jobItems(production.db, 1);
    assert.deepEqual(
      items.map(({ status, errorCode }) => [status, errorCode]),
      [["completed", undefined]],
      worker.process.output(),
    );
    await assertStaged(production, ["big"]);
    const { uid, gid } = await stat(stagedAt(production, "big"));
    assert.deepEqual({ uid, gid }, somebody);
    assertKept(
      [servers.postgres.password, servers.redis.password!],
      "the worker in the image",
      worker.process.output(),
    );
  });
}

/** Node is process 1, with what it is to have from its start, and nothing else runs. */
async function expectNodeAlone(worker: Container): Promise<void> {
  const { stdout } = await worker.exec(
    ...[
      "sh",
      "-c",
      'cat /proc/1/cmdline | tr "\\0" " "; echo; ls /proc | grep -c "^[0-9]"; cat /proc/1/environ | tr "\\0" "\\n" | grep UV_',
    ],
  );
  const [line = "", processes, threads] = stdout.trim().split("\n");
  const program = "/usr/local/bin/ccat_data_transfer worker --location ramses_processing";
  assert.equal(line.trim(), `/usr/local/bin/node --max-semi-space-size=2 ${program}`);
  assert.equal(threads, "UV_THREADPOOL_SIZE=64");
  assert.ok(Number(processes) > 1, stdout);
  const { stdout: names } = await worker.exec("ps", "-o", "comm");
  assert.ok(!/^(sh|dash|npm|env)$/m.test(names), names);
}

/** What operators type behind `kubectl exec deploy/ccat-raw-data-managers -n ccat --`. */
async function runbook(worker: Container, { redis, postgres }: Production): Promise<void> {
  const certificates = await worker.exec("ls", "/etc/redis/certs");
  assert.deepEqual(certificates.stdout.trim().split("\n"), ["archive.crt", "ca.crt", "redis.crt", "redis.key"]);
  const queues = await worker.exec("ccat_data_transfer", "list-queues", "ramses_processing");
  assert.equal(queues.code, 0, queues.stderr);
  assert.match(queues.stdout, /^cologne_ramses_processing_staging /m);
  // Neither of the two speaks before it is spoken to.
  for (const { port } of [redis, postgres]) {
    const began = performance.now();
    const { code, stderr } = await worker.exec("nc", "-v", "redis", String(port));
    assert.match(stderr, /Connection to redis .*succeeded!/);
    assert.equal(code, 0);
    assert.ok(performance.now() - began < 5_000);
  }
}

/** The locations of `db seed`, as the pod sees them. */
export async function seedAtData({ db }: Production, { location }: GatedArchive): Promise<void> {
  const { sites, locations } = readSeed(shippedSeed, "/data");
  await applySeed(db, { sites, locations: [...locations, { site: "cologne", location }] }, "the test's list", "test");
}

/** The folder that the shipped settings of `production` expect, of files that only the pod's user can read. */
export async function certificatesFolder({ folder, redis, postgres, settings }: Production): Promise<string> {
  const certificates = join(folder, "certs");
  await mkdir(certificates);
  const files = {
    "ca.crt": redis.tls!.ca,
    "redis.crt": redis.tls!.cert,
    "redis.key": redis.tls!.key,
    "archive.crt": settings.storage__ca_file!,
    ...(postgres.tls && { "postgres.crt": postgres.tls.ca }),
  };
  for (const [name, path] of Object.entries(files)) {
    await copyFile(path, join(certificates, name));
    await chown(join(certificates, name), somebody.uid, somebody.gid);
  }
  return certificates;
}

function variables(settings: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`CCAT_DATA_TRANSFER_${key.toUpperCase()}`, value]),
  );
}
