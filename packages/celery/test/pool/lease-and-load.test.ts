import assert from "node:assert/strict";
import { createHash, pbkdf2 } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { pino } from "pino";
import { without } from "../../../../testing/require-server.ts";
import { encodeTask } from "../../src/message/encode-task.ts";
import { HeldMessages, monotonic } from "../../src/worker/held.ts";
import { startLeaseKeeper } from "../../src/worker/lease-keeper.ts";
import { inlinePool } from "../../src/worker/pool/inline.ts";
import type { Task } from "../../src/worker/task.ts";
import { startRedisWorld } from "../broker/redis-world.ts";
import { aJob, ended, started } from "./pool-world.ts";

const lease = 2_000;
const tasks = 16;

/** How late renewals came while so many tasks did something: each is due a third of the lease after the one before. */
async function renewalsDuring(
  t: TestContext,
  run: Task["run"],
  until: (renewals: number) => boolean,
): Promise<number[]> {
  const world = await startRedisWorld(t);
  const broker = await world.open({ lease });
  const held = new HeldMessages(broker.lease);
  for (let i = 0; i < tasks; i++) await broker.publish("q", encodeTask({ id: `t${i}`, name: "hashes", queue: "q" }));
  const askedAt = monotonic();
  for (const delivery of await broker.pop(["q"], { max: tasks })) held.add(delivery, askedAt);
  assert.equal(held.size, tasks);

  const renewed = [monotonic()];
  const stopped = new AbortController();
  const renew = broker.renew.bind(broker);
  broker.renew = async (tags) => {
    const answers = await renew(tags);
    renewed.push(monotonic());
    if (until(renewed.length - 1)) stopped.abort();
    return answers;
  };
  // What is lost is renewed no more.
  const keeper = startLeaseKeeper(broker, held, pino({ level: "silent" }), () => stopped.abort());
  t.after(() => keeper.stop());

  const pool = await started(t, inlinePool({ concurrency: tasks }));
  const jobs = Array.from({ length: tasks }, () =>
    aJob({
      name: "hashes",
      async run(context) {
        while (!stopped.signal.aborted) await run(context);
      },
    }),
  );
  for (const end of await Promise.all(jobs.map((job) => ended(pool, job)))) assert.equal(end.kind, "returned");
  assert.deepEqual(
    [...held].filter((message) => message.lost),
    [],
  );
  return renewed.slice(1).map((at, index) => at - renewed[index]! - lease / 3);
}

test("16 tasks that hash files delay no renewal of a 2 s lease by more than half of it", {
  skip: without("redis-server"),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "test-hash-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "data");
  await writeFile(file, Buffer.alloc(32 << 20, 7));

  const late = await renewalsDuring(
    t,
    async () => {
      await pipeline(createReadStream(file), createHash("sha256"));
    },
    (renewals) => renewals === 6,
  );
  t.diagnostic(`late by at most ${Math.max(...late).toFixed(0)} ms`);
  assert.ok(Math.max(...late) <= lease / 2, `renewals were late by ${late.map(Math.round)} ms`);
});

test("leases are renewed while every thread of the pool is taken: file names and hashes cannot hold them up", {
  skip: without("redis-server"),
}, async (t) => {
  const derive = promisify(pbkdf2);
  const begun = monotonic();
  let derived = 0;
  const late = await renewalsDuring(
    t,
    async () => {
      await derive("secret", "salt", 400_000, 64, "sha512");
      derived++;
    },
    (renewals) => renewals === 4,
  );
  t.diagnostic(
    `late by at most ${Math.max(...late).toFixed(0)} ms; ${derived} keys in ${(monotonic() - begun).toFixed(0)} ms`,
  );
  assert.ok(derived >= tasks);
  assert.ok(Math.max(...late) <= lease / 2, `renewals were late by ${late.map(Math.round)} ms`);
});
