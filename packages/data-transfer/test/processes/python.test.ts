import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { without } from "../../../../testing/require-server.ts";
import { until } from "../world/until.ts";
import { assertStaged, fillProduction, queue } from "./packages.ts";
import { type Production, startProduction, startServers } from "./production.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("python/manager.py", import.meta.url));
const options = { skip: without("redis-server", "openssl", "python3-celery") };
const servers = options.skip ? undefined! : await startServers({ after });

test(
  "a manager in Python sends a whole job, and gets its result when the last package is staged",
  options,
  async (t) => {
    const production = await startProduction(t, servers);
    await fillProduction(production, { one: 1_000_000, two: 2_000_000, three: 0 });
    // No manager of ours runs: Python's does its work.
    await production.start(["worker", "--location", "ramses_processing"]);
    const job = (await production.run(["stage", "request", "one", "two", "three"])).stdout.trim();

    const seen = await python(production, "job", queue, job);
    assert.equal(seen.state, "SUCCESS");
    assert.deepEqual(seen.value, { staging_job_id: 1, status: "completed" });
    await assertStaged(production, ["one", "three", "two"]);

    const progress = (await production.run(["stage", "progress", job, "--output", "json"])).json;
    assert.equal(progress.job.status, "completed");
    for (const { id, task_id, package: name, size } of progress.items) {
      const item = await python(production, "item", task_id);
      assert.equal(item.state, "SUCCESS");
      const expected = { staging_item_id: id, staging_job_id: 1, package: name, bytes: size, already_there: false };
      assert.deepEqual(item.value, expected);
    }

    // Asked once more for a job that has ended: the answer is there at once.
    const again = await python(production, "job", queue, job);
    assert.deepEqual(again.value, { staging_job_id: 1, status: "completed", completed: 3, failed: 0 });
  },
);

test("a manager in Python hears that a job failed, with the reason in the item's own result", options, async (t) => {
  const production = await startProduction(t, servers);
  await fillProduction(production, { good: 1000, bad: 1000 });
  const tar = join(production.archive, "bad.tar");
  const bytes = await readFile(tar);
  bytes[600] = bytes[600]! ^ 1;
  await writeFile(tar, bytes);
  await production.start(["worker", "--location", "ramses_processing"]);
  const job = (await production.run(["stage", "request", "good", "bad"])).stdout.trim();

  const seen = await python(production, "job", queue, job);
  assert.deepEqual([seen.state, seen.exception], ["FAILURE", "StagingJobFailed"]);
  assert.match(String(seen.args?.[0]), /^staging job 1 ended with items that failed$/);
  const { items } = (await production.run(["stage", "progress", job, "--output", "json"])).json;
  const { task_id, code } = items.find((item: { package: string }) => item.package === "bad");
  const item = await python(production, "item", task_id);
  assert.equal(item.state, "FAILURE");
  assert.ok(item.args?.includes(code), JSON.stringify(item));
  await assertStaged(production, ["good"]);
});

test("a manager in Python that waits for a job hears that somebody cancelled it", options, async (t) => {
  const production = await startProduction(t, servers);
  await fillProduction(production, { one: 1000 });
  const worker = await production.start(["worker", "--location", "ramses_processing"]);
  await production.run(["location", "pause", "ramses_processing", "maintenance"]);
  const job = (await production.run(["stage", "request", "one"])).stdout.trim();
  const waiting = python(production, "job", queue, job);
  await until("the job was fanned out", () => worker.log().some(({ msg }) => msg === "task ignored"));
  assert.equal((await production.run(["stage", "cancel", job])).code, 0);
  const seen = await waiting;
  assert.deepEqual([seen.state, seen.exception], ["FAILURE", "StagingJobFailed"]);
});

interface Seen {
  id: string;
  state: string;
  value?: unknown;
  exception?: string;
  args?: unknown[];
}

/** Runs the script with Debian's Python, which sees Debian's modules. */
async function python({ redis, settings }: Production, ...args: string[]): Promise<Seen> {
  const env = {
    PYTHONDONTWRITEBYTECODE: "1",
    MANAGER_URL: `${redis.url}/${settings.redis__db}`,
    MANAGER_CA: redis.tls!.ca,
    MANAGER_CERT: redis.tls!.cert,
    MANAGER_KEY: redis.tls!.key,
  };
  const { stdout } = await run("/usr/bin/python3", [script, ...args], { env, timeout: 120_000 });
  return JSON.parse(stdout) as Seen;
}
