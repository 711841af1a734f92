import assert from "node:assert/strict";
import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type FaultProxy, startFaultProxy } from "../../../../../testing/fault-proxy.ts";
import { without } from "../../../../../testing/require-server.ts";
import { archivePackages, assertStaged, seedLocations } from "../../processes/packages.ts";
import { type Production, type Servers, startProduction } from "../../processes/production.ts";
import { until } from "../../world/until.ts";
import { type FaultStory, faults, titleOf } from "./faults.ts";
import { startPlainArchive } from "./plain-archive.ts";

const skip = without("redis-server", "openssl");
const mib = 1024 * 1024;
/** So large, and so slow, that a fault finds it on its way. */
const size = 24 * mib;
const bytesPerSecond = 8 * mib;

/** One test for each fault between a worker and this server. */
export function tellStories(server: FaultStory["server"], servers: Servers): void {
  suite(`between worker and ${server}`, { skip }, () => {
    for (const story of faults) {
      if (story.server === server) test(titleOf(story), { timeout: 300_000 }, (t) => tell(t, servers, story));
    }
  });
}

/** The package is staged, byte for byte, whatever the network does; nobody does anything about it. */
async function tell(t: TestContext, servers: Servers, story: FaultStory): Promise<void> {
  const production = await startProduction(t, servers);
  const proxies = await startBehindProxies(t, production);
  const proxy = proxies[story.server];
  if (story.server === "archive") proxy.play(story.fault, story.connections);
  else proxies.archive.play({ kind: "throttle", bytesPerSecond });
  assert.equal((await production.run(["stage", "request", "big"])).code, 0);
  if (story.server !== "archive") {
    await until("the package is on its way", async () => (await item(production)).status === "in_progress");
    proxy.play(story.fault, story.connections);
  }
  await until("the fault has met with somebody", () => proxy.hits > 0 || story.fault.kind === "latency");
  if (story.seconds !== undefined) await pause(story.seconds * 1000);
  const ended = performance.now();
  if (story.seconds !== undefined) proxy.pass();
  // Waiting is done by a program that no fault concerns.
  const { code, stderr } = await production.run(["stage", "wait", "1"]);
  const seconds = (performance.now() - ended) / 1000;
  assert.equal(code, 0, stderr);
  const { status, attempt } = await item(production);
  assert.equal(status, "completed");
  await until("nothing lies beside the package", async () =>
    (await readdir(join(production.root, "staged"))).every((name) => !name.startsWith(".")),
  );
  await assertStaged(production, ["big"]);
  t.diagnostic(`staged ${seconds.toFixed(1)} s later, by attempt ${attempt}`);
  assert.ok(seconds < story.within, `it took ${seconds.toFixed(1)} s, promised are ${story.within}`);
  if (process.env.CHAOS_TIMES) {
    await appendFile(process.env.CHAOS_TIMES, `${JSON.stringify({ title: titleOf(story), seconds, attempt })}\n`);
  }
}

/** A manager, and a worker each of whose servers is behind a proxy of its own. */
async function startBehindProxies(t: TestContext, production: Production) {
  const { settings, redis, postgres } = production;
  const archive = await startFaultProxy(t, await startPlainArchive(t, production.archive));
  const proxies: Record<FaultStory["server"], FaultProxy> = {
    archive,
    Redis: await startFaultProxy(t, redis),
    PostgreSQL: await startFaultProxy(t, postgres),
  };
  const endpoint = `http://127.0.0.1:${archive.port}`;
  Object.assign(settings, {
    storage__allowed_endpoints: JSON.stringify([endpoint]),
    storage__stall_timeout: "2s",
    s3__cologne_lta__access_key: "key",
    s3__cologne_lta__secret_key: "secret of the archive",
    broker__lease: "4s",
    manager__sweep_interval: "1s",
    staging__claim_lease: "4s",
    staging__retry_base: "1s",
  });
  await seedLocations(production, [
    {
      ...{ name: "lta", locationType: "long_term_archive", priority: 0, active: true },
      ...{ storageType: "s3", endpoint, bucket: "raw", prefix: "", region: "default" },
    },
  ]);
  await archivePackages(production, { big: size });
  await Promise.all([
    production.start(["manager"]),
    production.start(["worker", "--location", "ramses_processing"], {
      settings: {
        redis__port: String(proxies.Redis.port),
        database__port: String(proxies.PostgreSQL.port),
      },
    }),
  ]);
  return proxies;
}

async function item({ run }: Production): Promise<{ status: string; attempt: number }> {
  return (await run(["stage", "progress", "1", "--output", "json"])).json.items[0];
}
