import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { until } from "../world/until.ts";
import { type GatedArchive, startGatedArchive } from "./gated-s3.ts";
import { archivePackages, assertStaged, seedLocations } from "./packages.ts";
import { type Production, startProduction, startServers } from "./production.ts";
import type { Service } from "./service.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip
  ? undefined!
  : await startServers(
      { after },
      {
        // What was committed survives a crash of the server, if not of the machine.
        postgres: { settings: { synchronous_commit: "on" } },
      },
    );
const big = 40_000_000;

suite("a worker that ends in the middle of a big package", options, () => {
  test("SIGTERM: it lets the package end within the drain deadline, and takes no more", async (t) => {
    const production = await startProduction(t, servers);
    const { gate, worker } = await inTheMiddle(t, production, { worker__drain_deadline: "60s" });
    worker.signal("SIGTERM");
    const red = await worker.ready(false);
    assert.match(red.body, /"consuming","ok":false,"reason":"shutting down"/);
    assert.equal((await worker.get("/livez")).status, 200);
    await production.run(["stage", "request", "small"]);
    gate.open();
    assert.equal(await worker.exited, 0);
    assert.deepEqual(await item(production, "1"), { status: "completed", attempt: 1, claimed_by: "first" });
    const { status, attempt } = await item(production, "2");
    assert.deepEqual([status, attempt], ["scheduled", 0]);
    await assertStaged(production, ["big"]);
  });

  test("SIGTERM: when the drain deadline is over it gives the package back, and the other worker finishes it", async (t) => {
    const production = await startProduction(t, servers);
    const { gate, worker } = await inTheMiddle(t, production, { worker__drain_deadline: "1s" });
    await secondWorker(production);
    const began = performance.now();
    assert.equal(await worker.stop("SIGTERM"), 0);
    assert.ok(performance.now() - began < 15_000, "the drain deadline of 1 s was not kept");
    await worker.logged({ code: "CDT-STAGING-INTERRUPTED", to: "scheduled" });
    gate.open();
    const { code } = await production.run(["stage", "wait", "1"]);
    assert.equal(code, 0);
    assert.deepEqual(await item(production, "1"), { status: "completed", attempt: 2, claimed_by: "second" });
    await assertStaged(production, ["big"]);
  });

  test("kill -9: another worker finishes the package once lease and claim have ended", async (t) => {
    const production = await startProduction(t, servers);
    production.settings.broker__lease = "2s";
    production.settings.staging__claim_lease = "2s";
    const { gate, worker } = await inTheMiddle(t, production, {});
    assert.equal(await worker.stop("SIGKILL"), "SIGKILL");
    gate.open();
    const second = await secondWorker(production);
    const { code } = await production.run(["stage", "wait", "1"]);
    assert.equal(code, 0);
    assert.deepEqual(await item(production, "1"), { status: "completed", attempt: 2, claimed_by: "second" });
    await assertStaged(production, ["big"]);
    assert.equal(await second.stop(), 0);
  });
});

suite("a server that ends in the middle of a big package", options, () => {
  test("Redis crashes, and returns with nothing: the package is finished, nothing is done twice", async (t) => {
    const production = await startProduction(t, servers);
    production.settings.manager__sweep_interval = "1s";
    const { gate, worker, manager } = await inTheMiddle(t, production, {});
    await production.run(["stage", "request", "small"]);
    await servers.redis.stop("SIGKILL");
    await worker.ready(false);
    await servers.redis.restart();
    await Promise.all([worker.ready(), manager.ready()]);
    gate.open();
    await Promise.all([production.run(["stage", "wait", "1"]), production.run(["stage", "wait", "2"])]);
    // The second package's message was lost with the memory, and rung again; the first is in a worker's hands.
    assert.deepEqual(await item(production, "1"), { status: "completed", attempt: 1, claimed_by: "first" });
    assert.deepEqual(await item(production, "2"), { status: "completed", attempt: 1, claimed_by: "first" });
    await assertStaged(production, ["big", "small"]);
    assert.equal(worker.log().filter(({ msg }) => msg === "staged").length, 2);
  });

  test("PostgreSQL crashes, and returns: the package is finished by the same attempt", async (t) => {
    const production = await startProduction(t, servers);
    const { gate, worker } = await inTheMiddle(t, production, {});
    await servers.postgres.stop("SIGQUIT");
    await worker.ready(false);
    gate.open();
    await servers.postgres.restart();
    const waited = await production.run(["stage", "wait", "1"]);
    assert.equal(waited.code, 0, waited.stderr);
    assert.deepEqual(await item(production, "1"), { status: "completed", attempt: 1, claimed_by: "first" });
    await worker.ready();
    await assertStaged(production, ["big"]);
  });
});

/** A manager, and a worker that has half of the package `big` and waits for the rest. */
async function inTheMiddle(
  t: { after(work: () => void | Promise<void>): void },
  production: Production,
  settings: Record<string, string>,
): Promise<{ gate: GatedArchive; manager: Service; worker: Service }> {
  const gate = await startGatedArchive(t, production);
  await seedLocations(production, [gate.location]);
  await archivePackages(production, { big, small: 3000 });
  const [manager, worker] = await Promise.all([
    production.start(["manager"]),
    production.start(["worker", "--location", "ramses_processing", "--concurrency", "1"], {
      settings: { worker__name: "first", ...settings },
    }),
  ]);
  const { code, stderr } = await production.run(["stage", "request", "big"]);
  assert.equal(code, 0, stderr);
  await until("the worker has half of the package", gate.reached);
  return { gate, manager, worker };
}

function secondWorker(production: Production): Promise<Service> {
  return production.start(["worker", "--location", "ramses_processing"], { settings: { worker__name: "second" } });
}

/** What the first item of a job has come to. */
async function item({ run }: Production, job: string) {
  const { status, attempt, claimed_by } = (await run(["stage", "progress", job, "--output", "json"])).json.items[0];
  return { status, attempt, claimed_by };
}
