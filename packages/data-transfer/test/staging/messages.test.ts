import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { RemoteError } from "@ccatobs/celery";
import { aPackage } from "../world/package.ts";
import { messageText } from "../world/queue.ts";
import { startWorld } from "../world/start-world.ts";

/** Messages that nobody can ever do; each is put aside with its reason, and harms nothing. */
const hopeless: readonly { what: string; reason: string; text: string }[] = [
  { what: "for an unknown item", reason: "unknown-item", text: messageText({ kwargs: { staging_item_id: 4711 } }) },
  { what: "for an unknown job", reason: "unknown-job", text: messageText({ kwargs: { staging_job_id: 4711 } }) },
  { what: "for an unknown job, as its argument", reason: "unknown-job", text: messageText({ args: [4711] }) },
  { what: "of an unknown task", reason: "unknown-task", text: messageText({ name: "os.system", args: ["rm -rf /"] }) },
  { what: "that is no JSON", reason: "malformed", text: "{" },
  { what: "that is empty", reason: "malformed", text: "" },
  { what: "that is a number", reason: "malformed", text: "17" },
  { what: "without headers", reason: "malformed", text: JSON.stringify({ ...asObject(), headers: null }) },
  { what: "whose body is no base64", reason: "malformed", text: JSON.stringify({ ...asObject(), body: "%%%" }) },
  { what: "whose arguments are an object", reason: "malformed", text: withBody({ staging_item_id: 1 }) },
  { what: "nested hugely", reason: "too-deep", text: `${"[".repeat(50_000)}${"]".repeat(50_000)}` },
  {
    what: "nested hugely in its body",
    reason: "too-deep",
    text: withBodyText(`${"[".repeat(5000)}${"]".repeat(5000)}`),
  },
  {
    what: "pickled",
    reason: "pickle-refused",
    text: JSON.stringify({ ...asObject(), "content-type": "application/x-python-serialize" }),
  },
  { what: "without an id", reason: "wrong-arguments", text: messageText() },
  {
    what: "whose id is a path",
    reason: "wrong-arguments",
    text: messageText({ kwargs: { staging_item_id: "/etc/passwd" } }),
  },
  {
    what: "whose id is a number as a text",
    reason: "wrong-arguments",
    text: messageText({ kwargs: { staging_item_id: "1" } }),
  },
  { what: "whose id is a list", reason: "wrong-arguments", text: messageText({ kwargs: { staging_job_id: [1] } }) },
  { what: "whose id is negative", reason: "wrong-arguments", text: messageText({ kwargs: { staging_item_id: -1 } }) },
  { what: "whose id is half a number", reason: "wrong-arguments", text: messageText({ args: [1.5] }) },
  { what: "whose id is beyond all numbers", reason: "wrong-arguments", text: messageText({ args: [2n ** 70n] }) },
  { what: "whose id is null", reason: "wrong-arguments", text: messageText({ kwargs: { staging_item_id: null } }) },
  {
    what: "with its id in __proto__",
    reason: "wrong-arguments",
    text: withBody([[], JSON.parse('{"__proto__": {"staging_item_id": 1}}'), {}]),
  },
  {
    what: "with its id in constructor",
    reason: "wrong-arguments",
    text: withBody([[], { constructor: { staging_item_id: 1 } }, {}]),
  },
  {
    what: "with a step to follow it",
    reason: "unsupported-canvas",
    text: messageText({ kwargs: { staging_item_id: 1 }, embed: { chain: [{ task: "next", kwargs: {} }] } }),
  },
  {
    what: "for a job, in a chord",
    reason: "unsupported-canvas",
    text: messageText({ args: [1], embed: { chord: { task: "body" } } }),
  },
  {
    what: "whose chain is no list",
    reason: "malformed",
    text: messageText({ kwargs: { staging_item_id: 1 }, embed: { chain: "next" } as never }),
  },
];

for (const { what, reason, text } of hopeless) {
  test(`a message ${what} is put aside, and the package behind it is staged`, async (t) => {
    const world = await startWorld(t);
    const [good] = await world.archive.put(aPackage());
    await world.message(text);
    await world.request([good]);
    await world.workUntilIdle();
    await world.expect({ staged: [good], queue: { deadLetters: [reason] }, leftOver: "nothing" });
    t.assert.equal((await world.broker.deadLetters())[0]?.raw, text, "as it came");
  });
}

test("whoever waits for a message that was put aside is told that it failed", async (t) => {
  const world = await startWorld(t);
  const id = randomUUID();
  await world.message(messageText({ id, kwargs: { staging_item_id: 4711 } }));
  await world.workUntilIdle();
  t.assert.equal((await world.results.get(id))?.status, "FAILURE");
  await world.expect({ queue: { deadLetters: ["unknown-item"] }, leftOver: "nothing" });
});

test("__proto__ keys beside a good id do nothing", async (t) => {
  const world = await startWorld(t);
  const [good] = await world.archive.put(aPackage());
  await world.request([good]);
  const { id } = await world.item(good);
  const kwargs = JSON.parse(
    `{"staging_item_id": ${id}, "__proto__": {"polluted": true}, "constructor": {"prototype": 1}}`,
  );
  await world.startWorker();
  await world.message(withBody([[], kwargs, {}]));
  await world.untilItem(good, "is staged", ({ status }) => status === "completed");
  t.assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("a message for an item that has ended answers again how it ended, and changes nothing", async (t) => {
  const world = await startWorld(t);
  const [good, bad] = await world.archive.put(aPackage(), aPackage());
  await world.archive.truncate(bad, 1);
  await world.request([good, bad]);
  await world.workUntilIdle();
  const before = [await world.item(good), await world.item(bad)];
  const [again, failedAgain] = [randomUUID(), randomUUID()];
  await world.message(messageText({ id: again, kwargs: { staging_item_id: before[0]!.id } }));
  await world.message(messageText({ id: failedAgain, kwargs: { staging_item_id: before[1]!.id } }));
  await world.workUntilIdle();

  t.assert.deepEqual([await world.item(good), await world.item(bad)], before);
  const result = await world.results.get(again);
  t.assert.equal(result?.status, "SUCCESS");
  t.assert.deepEqual(
    { ...(result?.result as object) },
    {
      staging_item_id: before[0]!.id,
      staging_job_id: before[0]!.jobId,
      package: good.name,
      bytes: good.tar.length,
      already_there: false,
    },
  );
  const failure = (await world.results.get(failedAgain))!;
  t.assert.equal(failure.status, "FAILURE");
  const { exc_type, exc_message } = failure.result as RemoteError;
  t.assert.deepEqual([exc_type, exc_message[1]], ["StagingItemFailed", "CDT-SHORT-OBJECT"]);
  await world.expect({
    staged: [good],
    failed: [{ package: bad, code: "CDT-SHORT-OBJECT", reason: "corrupt_source" }],
    leftOver: "nothing",
  });
});

test("a message for a job that has ended answers how it ended, and nothing is staged again", async (t) => {
  const world = await startWorld(t);
  const [good] = await world.archive.put(aPackage());
  const job = await world.request([good]);
  await world.workUntilIdle();
  const id = randomUUID();
  await world.message(messageText({ id, args: [job.id] }));
  await world.workUntilIdle();
  const answer = await world.results.get(id);
  t.assert.equal(answer?.status, "SUCCESS");
  t.assert.deepEqual(
    { ...(answer?.result as object) },
    {
      staging_job_id: job.id,
      status: "completed",
      completed: 1,
      failed: 0,
    },
  );
  t.assert.equal((await world.item(good)).attempt, 1);
  await world.expect({ staged: [good], leftOver: "nothing" });
});

test("messages for another location's job and item are put aside, and that location's worker still stages it", async (t) => {
  const world = await startWorld(t);
  const [elsewhere] = await world.archive.put(aPackage());
  const job = await world.request([elsewhere], { to: "spare_processing" });
  await world.startWorker({ serves: ["ramses_processing"] });
  await world.message(messageText({ kwargs: { staging_job_id: job.id } }));
  await world.message(messageText({ kwargs: { staging_item_id: (await world.item(elsewhere)).id } }));
  await world.untilDeadLetters(2);
  t.assert.equal((await world.item(elsewhere)).status, "pending");
  await world.startWorker({ serves: ["spare_processing"] });
  await world.startManager();
  await world.workUntilIdle();
  await world.expect({
    stagedAtSpare: [elsewhere],
    queue: { deadLetters: ["wrong-location", "wrong-location"] },
    leftOver: "nothing",
  });
});

for (const how of ["kwargs", "args"] as const) {
  test(`a message for a whole job (${how}) fans out, and has its result when the last item ends`, async (t) => {
    const world = await startWorld(t);
    const packages = await world.archive.put(aPackage(), aPackage(), aPackage());
    const job = await world.request(packages);
    const id = randomUUID();
    await world.message(messageText({ id, name: "ccat.any_name", ...inWords(how, job.id) }));
    await world.startWorker();
    const outcome = await world.results.waitFor(id, AbortSignal.timeout(60_000));
    t.assert.equal(outcome.status, "SUCCESS");
    t.assert.deepEqual({ ...(outcome.result as object) }, { staging_job_id: job.id, status: "completed" });
    await world.workUntilIdle();
    await world.expect({ staged: packages, leftOver: "nothing" });
  });
}

test("a message for a whole job whose last item fails has a failure as its result", async (t) => {
  const world = await startWorld(t);
  const [good, bad, homeless] = await world.archive.put(aPackage(), aPackage(), aPackage({ archives: [] }));
  await world.archive.truncate(bad, 1);
  const job = await world.request([good, bad, homeless]);
  const id = randomUUID();
  await world.message(messageText({ id, args: [job.id] }));
  await world.startWorker();
  const outcome = await world.results.waitFor(id, AbortSignal.timeout(60_000));
  t.assert.equal(outcome.status, "FAILURE");
  t.assert.equal((outcome.result as { exc_type: string }).exc_type, "StagingJobFailed");
  await world.workUntilIdle();
  await world.expect({
    staged: [good],
    failed: [
      { package: bad, code: "CDT-SHORT-OBJECT", reason: "corrupt_source" },
      { package: homeless, code: "CDT-NO-SOURCE", reason: "no_source" },
    ],
    leftOver: "nothing",
  });
});

function inWords(how: "kwargs" | "args", id: number) {
  return how === "args" ? { args: [id] } : { kwargs: { staging_job_id: id } };
}

function asObject(): Record<string, unknown> {
  return JSON.parse(messageText({ kwargs: { staging_item_id: 1 } }));
}

/** A message with any JSON as its body. */
function withBody(body: unknown): string {
  return withBodyText(JSON.stringify(body));
}

function withBodyText(text: string): string {
  return JSON.stringify({ ...asObject(), body: Buffer.from(text).toString("base64") });
}
