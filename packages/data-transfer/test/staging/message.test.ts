import assert from "node:assert/strict";
import { test } from "node:test";
import { DeadLetter, decodeTask, encodeTask, type TaskRequest, type TaskToSend } from "@ccatobs/celery";
import { carriesStagingId, readStagingRequest } from "../../src/staging/message.ts";

/** As a worker reads what a peer has sent. */
function received(task: Partial<TaskToSend>): TaskRequest {
  return { ...decodeTask(encodeTask({ queue: "q", name: "stage", ...task })), queue: "q", isFollowed: false };
}

test("ids are read from where our managers and Python's put them", () => {
  const read = (task: Partial<TaskToSend>) => readStagingRequest(received(task));
  assert.deepEqual(read({ kwargs: { staging_item_id: 5 } }), { kind: "item", itemId: 5 });
  assert.deepEqual(read({ kwargs: { staging_job_id: 6 } }), { kind: "job", jobId: 6 });
  assert.deepEqual(read({ args: [7] }), { kind: "job", jobId: 7 });
  assert.deepEqual(read({ args: [7], kwargs: { staging_item_id: 5, staging_job_id: 6 } }), { kind: "item", itemId: 5 });
});

for (const wrong of [null, true, "5", "../5", 0, -5, 5.5, 2n ** 64n, [5], { id: 5 }, 2 ** 53]) {
  test(`${typeof wrong === "bigint" ? wrong : JSON.stringify(wrong)} is no id`, () => {
    const refused = (error: unknown) => error instanceof DeadLetter && error.reason === "wrong-arguments";
    assert.throws(() => readStagingRequest(received({ kwargs: { staging_item_id: wrong } })), refused);
    assert.throws(() => readStagingRequest(received({ kwargs: { staging_job_id: wrong } })), refused);
    assert.throws(() => readStagingRequest(received({ args: [wrong] })), refused);
    assert.equal(carriesStagingId(received({ args: [wrong] })), false);
  });
}

test("a task of any name that carries an id is a staging request; one without is none", () => {
  assert.equal(carriesStagingId(received({ kwargs: { staging_job_id: 1 } })), true);
  assert.equal(carriesStagingId(received({ kwargs: { staging_item_id: 1 } })), true);
  assert.equal(carriesStagingId(received({ args: [1] })), true);
  assert.equal(carriesStagingId(received({ kwargs: { path: "/etc/passwd" } })), false);
  assert.throws(() => readStagingRequest(received({})), DeadLetter);
});
