import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import sql from "sql-template-tag";
import { getItem } from "../../src/opsdb/jobs.ts";
import { findLocation } from "../../src/opsdb/locations.ts";
import { assertSameTree, sourceOf } from "../processes/packages.ts";
import { jobsThatContradictTheirItems, stagedRecords } from "../world/items.ts";
import { checksum } from "../world/package.ts";
import { namesIn, readSums } from "../world/tree.ts";
import { until } from "../world/until.ts";
import type { Ground } from "./ground.ts";
import type { Place } from "./steps.ts";

/** Nothing is visible there, or the whole package. @returns which of them */
export async function assertNothingOrWhole(ground: Ground, { folder, name }: Place, at: string): Promise<boolean> {
  const visible = visibleOf(await namesIn(join(folder, "staged")));
  if (visible.length === 0) return false;
  // The list of checksums comes a moment after the package.
  assert.deepEqual(visible, [name, `${name}.xxh64`].slice(0, visible.length), at);
  await assertWhole(ground, { folder, name }, at);
  if (visible.length > 1) await assertSums(ground, { folder, name }, at);
  return true;
}

/** These packages are there, whole, each recorded once; nothing lies beside them, and the database says the same. */
export async function assertStagedOnce(ground: Ground, places: readonly Place[], at: string): Promise<void> {
  const { db } = ground;
  const folder = places[0]?.folder as string;
  const location = await findLocation(db, folder.slice(folder.lastIndexOf("/") + 1));
  assert.ok(location);
  for (const { item } of places) {
    const { status, leaseUntil, errorCode } = await ended(ground, item, at);
    assert.deepEqual([status, leaseUntil, errorCode], ["completed", undefined, undefined], at);
  }
  const expected = places.flatMap(({ name }) => [name, `${name}.xxh64`]).sort();
  await until(`nothing lies beside ${expected.join(", ")} after ${at}`, async () => {
    return (await namesIn(join(folder, "staged"))).every((name) => !isPrivate(name));
  });
  assert.deepEqual(visibleOf(await namesIn(join(folder, "staged"))), expected, at);
  assert.deepEqual(await namesIn(folder), ["staged"], at);
  for (const place of places) {
    await assertWhole(ground, place, at);
    await assertSums(ground, place, at);
  }
  const files = Object.keys(ground.files).length;
  const names = places.map(({ name }) => name).sort();
  assert.deepEqual(await stagedRecords(db, location.id), Object.fromEntries(names.map((name) => [name, files])), at);
  const [counted] = await db.query<{ copies: number }>(sql`
    SELECT count(*)::int AS copies FROM physical_copy WHERE data_location_id = ${location.id}`);
  assert.equal(counted?.copies, places.length * (1 + files), `copies recorded after ${at}`);
}

/** No message waits, is held, or was put aside, and no job contradicts its items. */
export async function assertAllSettled(ground: Ground): Promise<void> {
  const { db } = ground;
  assert.deepEqual(await jobsThatContradictTheirItems(db), []);
  await until("no message waits or is held", async () => {
    const { json } = await ground.run(["list-queues", "--output", "json"]);
    return json.every(({ waiting, unacked }: { waiting: number; unacked: number }) => waiting + unacked === 0);
  });
}

/** Looks at places again and again while something is done: whatever becomes visible has to be whole from the first moment. */
export async function watching(ground: Ground, places: readonly Place[], work: () => Promise<void>): Promise<void> {
  let isOver = false;
  const looking = (async () => {
    const unseen = new Set(places);
    while (!isOver) {
      for (const place of unseen) {
        if (!(await isThere(place))) continue;
        await assertWhole(ground, place, "it became visible");
        unseen.delete(place);
      }
      await pause(5);
    }
  })();
  const worked = work().finally(() => {
    isOver = true;
  });
  await Promise.all([looking, worked]);
}

/** The item once it has ended. */
export function ended({ db }: Ground, item: number, at: string) {
  return until(`item ${item} has ended after ${at}`, async () => {
    const found = await getItem(db, item);
    return found !== undefined && ["completed", "failed"].includes(found.status) && found;
  });
}

async function assertWhole(
  ground: Ground,
  { folder, name }: Pick<Place, "folder" | "name">,
  at: string,
): Promise<void> {
  await assertSameTree(join(folder, "staged", name), sourceOf(ground, name)).catch((error: unknown) => {
    throw new Error(`${name} is not whole after ${at}`, { cause: error });
  });
}

async function assertSums(ground: Ground, { folder, name }: Pick<Place, "folder" | "name">, at: string): Promise<void> {
  const expected = Object.entries(ground.files).map(async ([path, bytes]) => {
    return `${(await checksum("xxh64", bytes)).digest}  ${name}/${path}`;
  });
  assert.deepEqual(await readSums(join(folder, "staged", `${name}.xxh64`)), (await Promise.all(expected)).sort(), at);
}

/** A probe of the file system comes and goes. */
function isPrivate(name: string): boolean {
  return name.startsWith(".") && !name.startsWith(".staging-probe-");
}

function visibleOf(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith("."));
}

async function isThere({ folder, name }: Place): Promise<boolean> {
  try {
    return (await lstat(join(folder, "staged", name))).isDirectory();
  } catch {
    return false;
  }
}
