import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseReadOnly, DatabaseUnreachable } from "../../src/errors/database.ts";
import * as destination from "../../src/errors/destination.ts";
import * as packages from "../../src/errors/package.ts";
import * as source from "../../src/errors/source.ts";
import * as staging from "../../src/errors/staging.ts";
import type { ItemReason } from "../../src/model/status.ts";
import { outcomeOf } from "../../src/staging/outcome.ts";

const policy = { maxAttempts: 3, base: 30, max: 600, maxWhileAway: 300 };
const at = { storage: "disk:/archive", key: "raw/1.tar" };
const path = "/scratch/staged/package";

const away = new staging.ArchiveAway("package", [new source.SourceUnreachable({ ...at, what: "ECONNREFUSED" })]);

/** What each error does to its item in the first attempt. */
const table: readonly [error: Error, to: "pending" | "scheduled" | "failed", reason: ItemReason][] = [
  [new source.ObjectMissing(at), "failed", "no_source"],
  [new source.ShortObject({ ...at, expected: 2, found: 1 }), "failed", "corrupt_source"],
  [new source.LongObject({ ...at, expected: 1, found: 2 }), "failed", "corrupt_source"],
  [new source.KeyRefused({ ...at, why: "it is a link" }), "failed", "unreadable_source"],
  [new source.ObjectChanged({ ...at, pinned: "1", found: "2" }), "pending", "transient"],
  [new source.SourceUnreachable({ ...at, what: "ECONNRESET" }), "pending", "unreadable_source"],
  [new source.SourceStalled({ ...at, seconds: 60 }), "pending", "unreadable_source"],
  [new source.SourceForbidden({ ...at, what: "403" }), "pending", "unreadable_source"],
  [new source.SourceMisconfigured({ ...at, what: "no bucket" }), "pending", "unreadable_source"],
  [new source.EndpointNotAllowed({ endpoint: "https://evil.example", allowed: [] }), "pending", "unreadable_source"],
  [new source.CredentialsMissing({ location: "lta" }), "pending", "unreadable_source"],
  [new source.StorageNotSupported({ location: "tape", storageType: "tape" }), "pending", "unreadable_source"],
  [new packages.UnsafeName({ rule: "dot-segment", name: "..", why: "it is above" }), "failed", "misconfigured"],
  [new packages.ManifestInvalid({ package: "p", path: "f", why: "its size is -1" }), "failed", "misconfigured"],
  [new packages.UnknownAlgorithm({ algorithm: "crc32", known: [] }), "failed", "misconfigured"],
  [new packages.MissingFile({ paths: ["f"], count: 1 }), "failed", "corrupt_source"],
  [new packages.TarDamaged({ offset: 0, why: "it has no end" }), "failed", "corrupt_source"],
  [new destination.NoSpace({ path, errno: "ENOSPC" }), "pending", "no_space"],
  [
    new staging.NotEnoughSpace({ path, lacks: "bytes", missing: 1, needed: 2, free: 1, reserved: 0, keepFree: 0 }),
    "pending",
    "no_space",
  ],
  [new destination.DestinationNotWritable({ path, errno: "EROFS" }), "pending", "misconfigured"],
  [new destination.PathOutsideRoot({ root: "/scratch", path, why: "it is a link" }), "pending", "misconfigured"],
  [new destination.StorageFailed({ path, errno: "EIO", operation: "write" }), "pending", "transient"],
  [new destination.StorageFailed({ path, errno: "ESTALE", operation: "fsync" }), "pending", "transient"],
  [new destination.StorageStalled({ path, seconds: 30 }), "pending", "transient"],
  [new destination.NoSpace({ path, errno: "EDQUOT" }), "pending", "no_space"],
  [new destination.TakenOver({ path }), "pending", "transient"],
  [new staging.DestinationOccupied(path, "it is a file"), "failed", "destination_occupied"],
  [new staging.NoSource("package"), "failed", "no_source"],
  [away, "pending", "unreadable_source"],
  [new staging.StagingCancelled(), "failed", "cancelled"],
  [new staging.StagingInterrupted(), "scheduled", "interrupted"],
  [new DatabaseUnreachable("db:5432/x", "ECONNREFUSED"), "pending", "transient"],
  [new DatabaseReadOnly("db:5432/x"), "pending", "transient"],
  [new TypeError("a fault of ours"), "pending", "transient"],
];

for (const [error, to, reason] of table) {
  test(`${error.name} leaves an item ${to}, reason ${reason}, with its code and sentence`, () => {
    const outcome = outcomeOf(error, { attempt: 1, failures: 0 }, policy);
    assert.equal(outcome.to, to);
    assert.equal(outcome.reason, reason);
    assert.match(outcome.code, /^CDT-[A-Z-]+$/);
    assert.ok(outcome.text.includes(error.message), "a sentence for people");
  });
}

test("pauses grow, never beyond the longest, and differ by a quarter either way", () => {
  const error = new source.SourceUnreachable({ ...at, what: "ECONNRESET" });
  const patient = { ...policy, maxAttempts: 1000 };
  const pause = (attempt: number, random: number) => {
    const outcome = outcomeOf(error, { attempt, failures: attempt - 1 }, patient, () => random);
    return outcome.to === "pending" ? outcome.retryInSeconds : undefined;
  };
  assert.deepEqual(
    [1, 2, 3, 4].map((attempt) => pause(attempt, 0.5)),
    [30, 60, 120, 240],
  );
  assert.deepEqual([pause(1, 0), pause(1, 1)], [22.5, 37.5]);
  assert.equal(pause(6, 0.5), 600);
  assert.equal(pause(900, 0.5), 600, "no overflow");
});

test("what is transient ends after the last attempt; space and configuration are waited for without end", () => {
  const transient = new source.SourceUnreachable({ ...at, what: "ECONNRESET" });
  assert.equal(outcomeOf(transient, { attempt: 9, failures: 1 }, policy).to, "pending");
  assert.equal(outcomeOf(transient, { attempt: 9, failures: 2 }, policy).to, "failed");
  assert.equal(
    outcomeOf(new destination.NoSpace({ path, errno: "ENOSPC" }), { attempt: 50, failures: 49 }, policy).to,
    "pending",
  );
  const stalled = outcomeOf(
    new destination.StorageStalled({ path, seconds: 30 }),
    { attempt: 50, failures: 49 },
    policy,
  );
  assert.ok(stalled.to === "pending" && !stalled.countsAsFailure, "however long a mount hangs");
  assert.equal(
    outcomeOf(new source.CredentialsMissing({ location: "lta" }), { attempt: 50, failures: 49 }, policy).to,
    "pending",
  );
  assert.equal(outcomeOf(new staging.StagingInterrupted(), { attempt: 50, failures: 49 }, policy).to, "scheduled");
});

test("however long an archive is away, no package fails for it, and its return is noticed soon", () => {
  const outcome = outcomeOf(away, { attempt: 50, failures: 2 }, policy, () => 0.5);
  assert.ok(outcome.to === "pending" && !outcome.countsAsFailure);
  assert.equal(outcome.retryInSeconds, policy.maxWhileAway);
  const hasty = outcomeOf(away, { attempt: 50, failures: 2 }, { ...policy, max: 60 }, () => 0.5);
  assert.equal(hasty.to === "pending" && hasty.retryInSeconds, 60, "the longest pause of all holds, too");
});
