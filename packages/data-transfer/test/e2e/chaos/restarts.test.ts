import assert from "node:assert/strict";
import { after, suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { without } from "../../../../../testing/require-server.ts";
import { type CommitCuttingProxy, type Cut, startCommitCuttingProxy } from "../../opsdb/commit-cutting-proxy.ts";
import { queue } from "../../processes/packages.ts";
import { type Servers, startServers } from "../../processes/production.ts";
import { until } from "../../world/until.ts";
import { type ChaosWorld, startChaos } from "./chaos-world.ts";
import { recovered } from "./recovered.ts";

const options = { skip: without("redis-server", "openssl") };
// What was committed survives a crash of the server, if not of the machine.
const postgres = { settings: { synchronous_commit: "on" } };

suite("servers that end, and return", options, async () => {
  const world = await startWorld({});

  test("Redis is killed, and returns after 3 s with nothing", async (t) => {
    const { redis } = world.production;
    await throughIt(t, world, "redis-empty", async () => {
      await redis.stop("SIGKILL");
      await pause(3000);
      await redis.restart();
    });
  });

  test("Redis is flushed", async (t) => {
    await throughIt(t, world, "redis-flushed", async () => {
      assert.equal(await world.production.redis.cli("FLUSHALL"), "OK");
    });
  });

  test("PostgreSQL crashes in the middle of a package, and returns after 3 s", async (t) => {
    const server = world.production.postgres;
    await throughIt(t, world, "postgres", async () => {
      await server.stop("SIGQUIT");
      await pause(3000);
      await server.restart();
    });
  });

  test("a worker is killed in the middle of a package", async (t) => {
    const { production, archive, put, request, itemOf, worker } = world;
    await put({ victim: 6_000_000 });
    archive.hold("victim");
    const job = await request("victim");
    await until("the package is in the middle", () => archive.isHolding("victim"));
    const before = await itemOf(job);
    await production.start(["worker", "--location", "ramses_processing"]);
    const since = performance.now();
    assert.equal(await worker.stop("SIGKILL"), "SIGKILL");
    archive.letGo("victim");
    await world.staged([job]);
    await recovered(t, since);
    await world.expectWhole([job]);
    const { attempt, claimedBy } = await itemOf(job);
    assert.deepEqual([attempt, claimedBy === before.claimedBy], [2, false]);
  });
});

test("Redis is killed, and returns after 3 s with all that it had", options, async (t) => {
  const world = await startWorld({ redis: { appendonly: true } });
  const { redis } = world.production;
  await throughIt(t, world, "redis-kept", async () => {
    await redis.stop("SIGKILL");
    await pause(3000);
    await redis.restart();
  });
});

suite("PostgreSQL that ends around the commit that records a package", options, async () => {
  const servers = await startServers({ after }, { postgres });
  const proxy = await startCommitCuttingProxy({ after }, servers.postgres.port);
  const world = await startChaos({ after }, servers, { workerSettings: { database__port: String(proxy.port) } });

  test("PostgreSQL crashes before the commit that records a package has reached it", async (t) => {
    await crashAtCommit(t, world, servers, { proxy, cut: "server unaware" });
  });

  test("PostgreSQL crashes when it has made the commit that records a package, and the answer is lost", async (t) => {
    await crashAtCommit(t, world, servers, { proxy, cut: "after the server" });
  });
});

async function startWorld({ redis }: Parameters<typeof startServers>[1] & object): Promise<ChaosWorld> {
  const servers = await startServers({ after }, { redis, postgres });
  return startChaos({ after }, servers, { settings: { worker__concurrency: "1" } });
}

/** One package is in the middle when it happens, and the message of another waits in the queue. */
async function throughIt(
  t: TestContext,
  { archive, put, request, staged, expectWhole, itemOf, worker, manager, broker }: ChaosWorld,
  name: string,
  happens: () => Promise<void>,
): Promise<void> {
  await put({ [name]: 6_000_000, [`${name}-2`]: 300_000 });
  archive.hold(name);
  const jobs = [await request(name)];
  await until("the package is in the middle", () => archive.isHolding(name));
  jobs.push(await request(`${name}-2`));
  await until("the next one's message waits", async () => (await broker.inspect(queue)).waiting === 1);
  await happens();
  const since = performance.now();
  archive.letGo(name);
  await staged(jobs);
  await recovered(t, since);
  await expectWhole(jobs);
  assert.equal((await itemOf(jobs[0]!)).attempt, 1);
  await Promise.all([worker.ready(), manager.ready()]);
}

/** The worker's next commit, once a package is in its middle, is the one that records it. */
async function crashAtCommit(
  t: TestContext,
  { archive, put, request, staged, expectWhole, itemOf }: ChaosWorld,
  servers: Servers,
  { proxy, cut }: { proxy: CommitCuttingProxy; cut: Cut },
): Promise<void> {
  const name = `commit-${cut.replaceAll(" ", "-")}`;
  await put({ [name]: 6_000_000 });
  archive.hold(name);
  const job = await request(name);
  await until("the package is in the middle", () => archive.isHolding(name));
  const done = proxy.cutNextCommit(cut);
  archive.letGo(name);
  await done;
  await servers.postgres.restart("SIGQUIT");
  const since = performance.now();
  await staged([job]);
  await recovered(t, since);
  await expectWhole([job]);
  assert.equal((await itemOf(job)).attempt, 1);
}
