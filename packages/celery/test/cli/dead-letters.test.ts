import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { celeryNode, celeryNodeJson, startProgram } from "./program.ts";

const skip = without("redis-server");
const redis: TestRedis = skip ? (undefined as never) : await startRedis({ after });

interface Letter {
  id: string;
  queue: string;
  reason: string;
  text: string;
  task: { taskId: string; name: string; args: unknown[] } | null;
}

const list = (...filter: string[]) => celeryNodeJson<Letter[]>(redis, "dead-letters", "list", ...filter);

test("dead letters are listed, shown, put back when their cause is mended, and thrown away", { skip }, async (t) => {
  const worker = startProgram(t, redis, ["-Q", "sums"]);
  await worker.until(/ready\.$/);
  const { id: taskId } = await celeryNodeJson<{ id: string }>(
    redis,
    "call",
    "not.there",
    "-a",
    '["x"]',
    "--queue",
    "sums",
  );
  await redis.cli("LPUSH", "sums", "{}");
  await redis.cli("LPUSH", "sums", "no message at all");
  await letters(3);

  const all = await list();
  const unknown = all.find(({ reason }) => reason === "unknown-task")!;
  assert.deepEqual([unknown.queue, unknown.task?.name, unknown.task?.args], ["sums", "not.there", ["x"]]);
  assert.match(unknown.text, /no task here is named not\.there/);
  assert.deepEqual(
    (await list("--reason", "malformed")).map(({ reason }) => reason),
    ["malformed", "malformed"],
  );
  assert.deepEqual(await list("--queue", "another"), []);

  const table = await celeryNode(redis, "dead-letters", "list", "--limit", "1");
  assert.match(table.stdout, /^ID +AT +QUEUE +REASON +TASK +TEXT\n\S+ +\S+ +sums +malformed/);
  assert.match(table.stderr, /there are 2 more/);

  const shown = await celeryNode(redis, "dead-letters", "show", unknown.id);
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, new RegExp(`taskId: +${taskId}`));
  const { raw } = await celeryNodeJson<{ raw: string }>(redis, "dead-letters", "show", unknown.id);
  assert.equal((JSON.parse(raw) as { headers: { id: string } }).headers.id, taskId);

  worker.kill("SIGTERM");
  assert.equal(await worker.exit(), 0);
  const requeued = await celeryNode(redis, "dead-letters", "requeue", unknown.id, "nobody");
  assert.equal(requeued.code, 1, "one of the two is not there");
  assert.match(requeued.stdout, new RegExp(`nobody +not there\\n${unknown.id} +requeued`));
  assert.equal(await redis.cli("LLEN", "sums"), "1");

  const dropped = await celeryNodeJson<{ outcome: string }[]>(redis, "dead-letters", "drop", "--reason", "malformed");
  assert.deepEqual(
    dropped.map(({ outcome }) => outcome),
    ["dropped", "dropped"],
  );
  assert.deepEqual(await list(), []);
  const gone = await celeryNode(redis, "dead-letters", "show", unknown.id);
  assert.deepEqual(
    [gone.code, gone.stderr.split("\n")[0]],
    [2, `error: there is no dead letter ${unknown.id} [CDT-CELERY-USAGE]`],
  );
});

/** Until so many lie there. */
async function letters(count: number): Promise<void> {
  for (const end = performance.now() + 30_000; (await list()).length < count; ) {
    if (performance.now() > end) throw new Error(`there are ${(await list()).length} dead letters, not ${count}`);
  }
}
