import type { DiskDataLocation } from "../model/location.ts";
import type { RawDataPackage } from "../model/package.ts";
import type { Queryable } from "../opsdb/database.ts";
import { fullName } from "../opsdb/locations.ts";
import { archiveCopies, stagedCopies } from "../opsdb/packages.ts";
import { roomInUse } from "../opsdb/room.ts";
import { stagingRate } from "../opsdb/staging-rate.ts";
import { findProcessingLocation, stagedDirectory } from "./destination.ts";
import { selectPackages, type Wanted } from "./selection.ts";
import { freeRoom } from "./space.ts";

/** What a request would do; nothing has been changed. Sizes in bytes. */
export interface StagingPlan {
  destination: string;
  /** The location's path is paused with this message. */
  paused: string | undefined;
  packages: PlannedPackage[];
  /** Of all known packages. */
  bytes: number;
  /** Of those that must be moved. */
  bytesToMove: number;
  /** Free at the destination, within its budget; undefined when it cannot be seen from this machine and has no budget. */
  spaceFree: number | undefined;
  /** Seconds, by the rate of what was staged there lately; undefined when nothing was. */
  expectedSeconds: number | undefined;
}

export interface PlannedPackage {
  name: string;
  id: string | undefined;
  bytes: number;
  files: number;
  state: "to_stage" | "already_staged" | "no_source" | "unknown";
  /** Archives that hold a copy, in the order in which they are tried. */
  sources: string[];
  /** Where it will lie. */
  path: string | undefined;
}

/**
 * Works out what a request would do.
 *
 * @throws UnknownLocation, NotAProcessingLocation
 */
export async function planStaging(
  q: Queryable,
  root: string,
  { destination: name, ...wanted }: Wanted & { destination: string },
): Promise<StagingPlan> {
  const destination = await findProcessingLocation(q, name);
  const { known, unknown } = await selectPackages(q, wanted);
  const ids = known.map(({ id }) => id);
  const sources = Map.groupBy(await archiveCopies(q, ids), ({ copy }) => copy.packageId);
  const staged = new Set((await stagedCopies(q, ids, destination.id)).map(({ packageId }) => packageId));

  const planned = known.map((one): PlannedPackage => {
    const from = (sources.get(one.id) ?? []).map(({ location }) => fullName(location));
    return {
      ...describe(one),
      state: staged.has(one.id) ? "already_staged" : from.length > 0 ? "to_stage" : "no_source",
      sources: from,
      path: stagedDirectory(root, destination, one.name),
    };
  });
  const bytesToMove = sum(planned.filter(({ state }) => state === "to_stage"));
  const rate = await stagingRate(q, destination.id);
  return {
    destination: fullName(destination),
    paused: destination.pauseMessage,
    packages: [...planned, ...unknown.map(unknownPackage)],
    bytes: sum(planned),
    bytesToMove,
    spaceFree: await spaceFree(q, destination),
    expectedSeconds: rate === undefined ? undefined : bytesToMove / rate,
  };
}

async function spaceFree(q: Queryable, { id, path }: DiskDataLocation): Promise<number | undefined> {
  const free = await freeRoom(path).catch(() => undefined);
  const { budget, staged, reserved, unwritten } = await roomInUse(q, id);
  const limits = [
    ...(free?.bytes === undefined ? [] : [free.bytes - unwritten.bytes]),
    ...(budget === undefined ? [] : [budget - staged - reserved]),
  ];
  return limits.length === 0 ? undefined : Math.max(0, Math.min(...limits));
}

function describe({ id, name, size, fileCount }: RawDataPackage) {
  return { id, name, bytes: size, files: fileCount };
}

function unknownPackage(name: string): PlannedPackage {
  return { name, id: undefined, bytes: 0, files: 0, state: "unknown", sources: [], path: undefined };
}

function sum(packages: readonly PlannedPackage[]): number {
  return packages.reduce((total, { bytes }) => total + bytes, 0);
}
