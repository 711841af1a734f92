import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { aPackage } from "../world/package.ts";
import { messageText } from "../world/queue.ts";
import { startWorld } from "../world/start-world.ts";

test("whoever asks for a job that has ended with failures is told so, as those are who waited for it", async (t) => {
  const world = await startWorld(t);
  const [good, homeless] = await world.archive.put(aPackage(), aPackage({ archives: [] }));
  const job = await world.request([good, homeless]);
  await world.workUntilIdle();
  const id = randomUUID();
  await world.message(messageText({ id, kwargs: { staging_job_id: job.id } }));
  await world.workUntilIdle();
  const answer = (await world.results.get(id))!;
  t.assert.equal(answer.status, "FAILURE");
  t.assert.equal((answer.result as { exc_type: string }).exc_type, "StagingJobFailed");
  t.assert.equal((await world.item(good)).attempt, 1);
  await world.expect({
    staged: [good],
    failed: [{ package: homeless, code: "CDT-NO-SOURCE", reason: "no_source" }],
    leftOver: "nothing",
  });
});
