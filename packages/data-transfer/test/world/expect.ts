import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parsePrivateName } from "../../src/bundle/private-names.ts";
import type { ItemReason, Status } from "../../src/model/status.ts";
import type { ArchivedPackage } from "./archive.ts";
import type { Expectation, Undone } from "./expectation.ts";
import { jobsThatContradictTheirItems, readItems, stagedRecords } from "./items.ts";
import { aPackage } from "./package.ts";
import { reasonsOf } from "./queue.ts";
import { namesIn, readSums, readTree, sumsOf, treeOf } from "./tree.ts";
import type { World } from "./world.ts";

/** Asserts the outcome, then stages one more package and asserts it all again. */
export async function expectOutcome(world: World, expected: Expectation): Promise<void> {
  await compare(world, expected);
  const { next = "ramses_processing" } = expected;
  if (next === "nowhere") return;
  const [good] = await world.archive.put(aPackage());
  await world.request([good], { to: next });
  await world.workUntilIdle();
  shown.set(world, [...(shown.get(world) ?? []), { package: good, at: next }]);
  await compare(world, expected);
}

/** Packages that earlier calls have staged to show that it works. */
const shown = new WeakMap<World, { package: ArchivedPackage; at: Expectation["next"] }[]>();

async function compare(world: World, expected: Expectation): Promise<void> {
  const good = shown.get(world) ?? [];
  const here = good.filter(({ at }) => at === "ramses_processing").map((one) => one.package);
  const staged = [...(expected.staged ?? []), ...here];
  await compareItems(world, expected, [
    ...(expected.staged ?? []),
    ...(expected.stagedAtSpare ?? []),
    ...good.map((one) => one.package),
  ]);
  await compareDisk(world, staged, expected.leftOver === "nothing" ? [] : expected.leftOver);
  await compareQueue(world, expected.queue ?? {});
  const recorded = [...staged, ...(expected.stillRecorded ?? [])];
  assert.deepEqual(
    await stagedRecords(world.db, world.locations.ramses_processing.id),
    Object.fromEntries(recorded.map(({ name, contents }) => [name, contents.size] as const).sort()),
    "packages that the database has as staged, with their numbers of files",
  );
  assert.deepEqual(
    await jobsThatContradictTheirItems(world.db),
    [],
    "jobs whose status does not follow from their items",
  );
}

async function compareItems(world: World, expected: Expectation, staged: readonly ArchivedPackage[]): Promise<void> {
  const items = await readItems(world.db);
  const wanted = new Map<string, { status: Status; code?: string; reason?: ItemReason }>();
  const undone = (status: Status, all: readonly Partial<Undone>[] = []) => {
    for (const { package: of, code, reason } of all) wanted.set(nameOf(of!), { status, code, reason });
  };
  for (const { name } of staged) wanted.set(name, { status: "completed", code: undefined, reason: undefined });
  undone("failed", expected.failed);
  undone("pending", expected.pending);
  undone(
    "pending",
    expected.untouched?.map((one) => ({ package: one })),
  );
  undone("scheduled", expected.scheduled);
  const found = [...items.values()].map(({ packageName, status, errorCode, reason }) => {
    return [packageName, { status, code: errorCode, reason }] as const;
  });
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(wanted), "items: status, code, reason");

  for (const item of items.values()) {
    const { packageName: name, status, reason, retryAt, errorText, leaseUntil, finishedAt } = item;
    assert.equal(leaseUntil, undefined, `${name} is claimed by nobody any more`);
    const ended = status === "completed" || status === "failed";
    assert.equal(finishedAt !== undefined, ended, `${name} has a time at which it ended, if it did`);
    if (reason !== undefined) assert.match(errorText ?? "", /\w \w/, `${name} has a sentence that says why`);
    const waits = status === "pending" && reason !== undefined && reason !== "paused";
    assert.equal(retryAt !== undefined, waits, `${name} has a next attempt, if any`);
    await compareResult(world, item.taskId, name, status, item.attempt);
  }
}

/** A client that waits for an item's task hears of its end, and of no end before it. */
async function compareResult(world: World, id: string, name: string, status: Status, attempt: number): Promise<void> {
  const ended = status === "completed" || (status === "failed" && attempt > 0);
  // A Redis that has just come back may have forgotten the message, so that its queue is empty before the result is there.
  const deadline = performance.now() + 20_000;
  let stored = (await world.results.get(id))?.status;
  while (ended && stored === undefined && performance.now() < deadline) {
    await pause(20);
    stored = (await world.results.get(id))?.status;
  }
  if (status === "completed") assert.equal(stored, "SUCCESS", `result of ${name}`);
  else if (status !== "failed") assert.ok(stored !== "SUCCESS" && stored !== "FAILURE", `${name} has no result yet`);
  else if (attempt > 0) assert.equal(stored, "FAILURE", `result of ${name}`);
}

async function compareDisk(world: World, staged: readonly ArchivedPackage[], others: readonly string[]): Promise<void> {
  const names = [...others];
  for (const one of staged) {
    const { file, lines } = await sumsOf(one);
    names.push(one.name, file);
    assert.deepEqual(await readTree(world.directoryOf(one)), treeOf(one), `what lies in ${one.name}`);
    assert.deepEqual(await readSums(join(world.staged, file)), lines, `checksums beside ${one.name}`);
  }
  const waiting = new Set([...(await readItems(world.db)).values()].filter(mayGoOn).map(({ id }) => id));
  const found = (await namesIn(world.staged)).filter((name) => !waiting.has(parsePrivateName(name)?.item ?? 0));
  assert.deepEqual(found, names.sort(), "what is visible, and what is hidden beside it");
  // What got out of its directory would lie somewhere here.
  assert.deepEqual(await namesIn(world.folder), ["archives", "scratch", "settings"], "the folder of everything");
  assert.deepEqual(
    await namesIn(join(world.folder, "scratch")),
    ["processing", "spare"],
    "the folder of all locations",
  );
}

/** Such an item's next attempt goes on from what the last has left; of all others nothing may be left. */
function mayGoOn({ status }: { status: string }): boolean {
  return status === "pending" || status === "scheduled";
}

async function compareQueue(world: World, expected: NonNullable<Expectation["queue"]>): Promise<void> {
  const { waiting, unacked } = await world.broker.inspect(world.queueName);
  const found = { waiting, unacked: unacked.count, deadLetters: reasonsOf(await world.broker.deadLetters()) };
  const { waiting: wantWaiting = 0, unacked: wantUnacked = 0, deadLetters = [] } = expected;
  assert.deepEqual(
    found,
    { waiting: wantWaiting, unacked: wantUnacked, deadLetters: [...deadLetters].sort() },
    "queue and dead letters",
  );
}

function nameOf(of: ArchivedPackage | string): string {
  return typeof of === "string" ? of : of.name;
}
