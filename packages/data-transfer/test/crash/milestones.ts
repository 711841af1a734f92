import assert from "node:assert/strict";
import { nameOf, type Step } from "./steps.ts";

const tree = "{location}/staged/{private}/tree";

/** What every package's way to the disk has, in this order. */
const milestones = [
  "mkdir number 1 of /proc/self/fd/*/staged",
  "fsync number 1 of {location}",
  "mkdir number 1 of {location}/staged/{private}",
  `mkdir number 1 of ${tree}`,
  "openat number 2 of {location}/staged/{private}/journal",
  "write number 1 of {location}/staged/{private}/journal",
  `fsync number 1 of ${tree}`,
  `rename number 1 of ${tree}`,
  "fsync number 1 of {location}/staged",
  "openat number 1 of {location}/staged/{private}/sums",
  "write number 1 of {location}/staged/{private}/sums",
  "fsync number 1 of {location}/staged/{private}/sums",
  "rename number 1 of {location}/staged/{private}/sums",
  "fsync number 2 of {location}/staged",
  "unlink number 1 of {location}/staged/{private}/journal",
  "rmdir number 1 of {location}/staged/{private}",
];

/** And each of its files. */
const milestonesOfFile = ["openat", "pwrite64", "fsync"];

/**
 * Whoever visits these steps one by one has visited the way of a package, and not only what happened to be traced. Steps
 * that are not known here are visited too.
 *
 * @param files paths in the package
 */
export function assertWholeWay(steps: readonly Step[], files: readonly string[]): void {
  const found = steps.filter(({ changes }) => changes).map(nameOf);
  assert.deepEqual(
    found.filter((name) => milestones.includes(name)),
    milestones,
  );
  const ofFiles = files.flatMap((path) => milestonesOfFile.map((call) => `${call} number 1 of ${tree}/${path}`));
  assert.deepEqual(
    ofFiles.filter((name) => !found.includes(name)),
    [],
  );
}

/** Where a successor finds something else than it would have found a step before. */
export function isTurningPoint(step: Step): boolean {
  if (!step.changes) return false;
  return /^(mkdir|rename|rmdir) /.test(nameOf(step)) || /^(pwrite64|fsync) .*\.fits$/.test(nameOf(step));
}
