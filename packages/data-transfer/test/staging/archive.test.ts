import { test } from "node:test";
import sql from "sql-template-tag";
import type { PackedManifest } from "../../src/bundle/pack.ts";
import { SourceUnreachable } from "../../src/errors/source.ts";
import { upsertLocation } from "../../src/opsdb/locations.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { ArchivedPackage } from "../world/archive.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";
import type { World } from "../world/world.ts";

test("a package that no archive holds is failed, and the next one is staged", async (t) => {
  const world = await startWorld(t);
  const [homeless, good] = await world.archive.put(aPackage({ archives: [] }), aPackage());
  await world.request([homeless, good]);
  await world.workUntilIdle();
  await world.expect({
    staged: [good],
    failed: [{ package: homeless, code: "CDT-NO-SOURCE", reason: "no_source" }],
    leftOver: "nothing",
  });
});

test("a package whose archive copy is gone, is one byte short or one byte long is refused", async (t) => {
  const world = await startWorld(t);
  const [gone, short, long, good] = await world.archive.put(aPackage(), aPackage(), aPackage(), aPackage());
  await world.archive.remove(gone);
  await world.archive.truncate(short, 1);
  await world.archive.append(long, 1);
  await world.request([gone, short, long, good]);
  await world.workUntilIdle();
  await world.expect({
    staged: [good],
    failed: [
      { package: gone, code: "CDT-OBJECT-MISSING", reason: "no_source" },
      { package: short, code: "CDT-SHORT-OBJECT", reason: "corrupt_source" },
      { package: long, code: "CDT-LONG-OBJECT", reason: "corrupt_source" },
    ],
    leftOver: "nothing",
  });
});

test("one wrong bit is noticed, in a file and between the files", async (t) => {
  const world = await startWorld(t);
  const [inFile, between] = await world.archive.put(aPackage({ bytes: 600 }), aPackage({ bytes: 600 }));
  const first = inFile.tar.indexOf([...inFile.contents.values()][0]!);
  await world.archive.flip(inFile, first + 100);
  // In the padding behind the first file's 600 bytes, which belongs to no file.
  await world.archive.flip(between, first + 700);
  await world.request([inFile, between]);
  await world.workUntilIdle();
  await world.expect({
    failed: [
      { package: inFile, code: "CDT-CHECKSUM", reason: "corrupt_source" },
      { package: between, code: "CDT-TAR-DAMAGED", reason: "corrupt_source" },
    ],
    leftOver: "nothing",
  });
});

test("a checksum of the catalogue that is wrong, of the archive or of a file, is enough to refuse", async (t) => {
  const world = await startWorld(t);
  const [archive, file] = await world.archive.put(
    aPackage({ catalogue: (truth) => withArchiveChecksum(truth, "xxh64", "0123456789abcdef") }),
    aPackage({ catalogue: (truth) => withFileChecksum(truth, "xxh64", "0123456789abcdef") }),
  );
  await world.request([archive, file]);
  await world.workUntilIdle();
  await world.expect({
    failed: [
      { package: archive, code: "CDT-CHECKSUM", reason: "corrupt_source" },
      { package: file, code: "CDT-CHECKSUM", reason: "corrupt_source" },
    ],
    leftOver: "nothing",
  });
});

test("a checksum of an unknown algorithm is a refusal, not a skip", async (t) => {
  const world = await startWorld(t);
  const [archive, file, other] = await world.archive.put(
    aPackage({ catalogue: (truth) => withArchiveChecksum(truth, "crc32", "00112233") }),
    aPackage({ catalogue: (truth) => withFileChecksum(truth, "md5", "d41d8cd98f00b204e9800998ecf8427e") }),
    aPackage({ algorithm: "sha256" }),
  );
  await world.request([archive, file, other]);
  await world.workUntilIdle();
  await world.expect({
    staged: [other],
    failed: [
      { package: archive, code: "CDT-UNKNOWN-ALGORITHM", reason: "misconfigured" },
      { package: file, code: "CDT-UNKNOWN-ALGORITHM", reason: "misconfigured" },
    ],
    leftOver: "nothing",
  });
});

test("when the first copy is damaged, short, or gone, the second is used", async (t) => {
  const world = await startWorld(t);
  const both = aPackage({ archives: ["lta", "mirror"] });
  const [damaged, short, gone] = await world.archive.put(both, both, both);
  await world.archive.flip(damaged, damaged.tar.indexOf([...damaged.contents.values()][2]!) + 5);
  await world.archive.truncate(short, 700);
  await world.archive.remove(gone);
  await world.request([damaged, short, gone]);
  await world.workUntilIdle();
  await world.expect({ staged: [damaged, short, gone], leftOver: "nothing" });
});

test("when every copy is damaged, the package is failed for what was wrong with the first", async (t) => {
  const world = await startWorld(t);
  const [lost] = await world.archive.put(aPackage({ archives: ["lta", "mirror"] }));
  await world.archive.truncate(lost, 1, "lta");
  await world.archive.append(lost, 1, "mirror");
  await world.request([lost]);
  await world.workUntilIdle();
  await world.expect({
    failed: [{ package: lost, code: "CDT-SHORT-OBJECT", reason: "corrupt_source" }],
    leftOver: "nothing",
  });
});

test("when the first archive breaks off in the middle, the second is used; without one, the package waits", async (t) => {
  const world = await startWorld(t);
  const [both, one] = await world.archive.put(aPackage({ archives: ["lta", "mirror"] }), aPackage());
  let broken = true;
  await world.startWorker({
    around: (storage) => (storage.name.endsWith("/lta") ? breaking(storage, () => broken) : storage),
  });
  await world.request([both, one]);
  await world.workUntilIdle();
  await world.expect({
    staged: [both],
    pending: [{ package: one, code: "CDT-SOURCE-UNREACHABLE", reason: "unreadable_source" }],
    leftOver: "nothing",
    next: "nowhere",
  });
  broken = false;
  await world.letTimePass();
  await world.workUntilIdle();
  await world.expect({ staged: [both, one], leftOver: "nothing" });
});

test("an archive that breaks off each time is tried as often as the settings say, then the package is failed", async (t) => {
  const settings = { "staging.max_attempts": "3", "staging.retry_base": "10ms", "staging.retry_max": "20ms" };
  const world = await startWorld(t, { settings });
  const [unlucky] = await world.archive.put(aPackage());
  let broken = true;
  await world.startWorker({ around: (storage) => breaking(storage, () => broken) });
  await world.request([unlucky]);
  await world.startManager();
  const { attempt } = await world.untilItem(unlucky, "has failed", ({ status }) => status === "failed");
  t.assert.equal(attempt, 3);
  broken = false;
  await world.workUntilIdle();
  await world.expect({
    failed: [{ package: unlucky, code: "CDT-SOURCE-UNREACHABLE", reason: "unreadable_source" }],
    leftOver: "nothing",
  });
});

test("an archive that cannot be reached uses up no attempts, for however long; when it is back, the package is staged", async (t) => {
  const settings = { "staging.max_attempts": "2", "staging.retry_base": "10ms", "staging.retry_max": "20ms" };
  const world = await startWorld(t, { settings });
  const [both, one] = await world.archive.put(aPackage({ archives: ["lta", "mirror"] }), aPackage());
  // Of this one the other copy is damaged: it is not lost while the first may come back.
  await world.archive.flip(both, 600, "mirror");
  let isAway = true;
  await world.startWorker({
    around: (storage) => (storage.name.endsWith("/lta") ? away(storage, () => isAway) : storage),
  });
  await world.request([both, one]);
  await world.startManager();
  for (const each of [both, one]) {
    const { failures } = await world.untilItem(each, "was tried often", ({ attempt }) => attempt > 5);
    t.assert.equal(failures, 0);
  }
  const { errorCode, reason, errorText } = await world.untilItem(one, "waits", ({ status }) => status === "pending");
  t.assert.deepEqual([errorCode, reason], ["CDT-ARCHIVE-AWAY", "unreadable_source"]);
  t.assert.match(errorText ?? "", /cannot be read: ECONNREFUSED/);
  isAway = false;
  await world.workUntilIdle();
  await world.expect({ staged: [both, one], leftOver: "nothing" });
});

test("an archive that answers, and says each time that this package does not work, is tried as often as the settings say", async (t) => {
  const settings = { "staging.max_attempts": "2", "staging.retry_base": "10ms", "staging.retry_max": "20ms" };
  const world = await startWorld(t, { settings });
  const [unlucky, good] = await world.archive.put(aPackage(), aPackage());
  const answers500 = (storage: Storage): Storage => ({
    ...storage,
    async stat(key, signal) {
      if (key !== unlucky.key) return storage.stat(key, signal);
      throw new SourceUnreachable({ storage: storage.name, key, what: "it answers 500", status: 500 });
    },
  });
  await world.startWorker({ around: answers500 });
  await world.request([unlucky, good]);
  await world.startManager();
  const { attempt } = await world.untilItem(unlucky, "has failed", ({ status }) => status === "failed");
  t.assert.equal(attempt, 2);
  await world.workUntilIdle();
  await world.expect({
    staged: [good],
    failed: [{ package: unlucky, code: "CDT-SOURCE-UNREACHABLE", reason: "unreadable_source" }],
    leftOver: "nothing",
  });
});

test("archives that nobody allowed, or that we have no keys for, are not asked; the package waits for a person", async (t) => {
  const world = await startWorld(t, { settings: { "storage.allowed_endpoints": "https://archive.example" } });
  const [foreign, locked] = await world.archive.put(aPackage(), aPackage());
  const site = world.locations.lta.site.id;
  const s3 = { locationType: "long_term_archive", storageType: "s3", priority: 0, active: true } as const;
  const bucket = { bucket: "raw", prefix: "", region: "us-east-1" };
  const elsewhere = await upsertLocation(world.db, site, {
    ...{ ...s3, ...bucket, name: "elsewhere", endpoint: "https://evil.example" },
  });
  const ours = await upsertLocation(world.db, site, {
    ...s3,
    ...bucket,
    name: "ours",
    endpoint: "https://archive.example",
  });
  await moveCopy(world, foreign, elsewhere.id);
  await moveCopy(world, locked, ours.id);
  await world.request([foreign, locked]);
  await world.workUntilIdle();
  await world.expect({
    pending: [
      { package: foreign, code: "CDT-ENDPOINT-NOT-ALLOWED", reason: "unreadable_source" },
      { package: locked, code: "CDT-CREDENTIALS-MISSING", reason: "unreadable_source" },
    ],
    leftOver: "nothing",
  });
});

test("an archive on disk outside the allowed folders, or on tape, is not read", async (t) => {
  const world = await startWorld(t);
  const [outside, onTape] = await world.archive.put(aPackage(), aPackage());
  const site = world.locations.lta.site.id;
  const archive = { locationType: "long_term_archive", priority: 0, active: true } as const;
  const etc = { ...archive, name: "etc", storageType: "disk", path: "/etc", host: undefined } as const;
  const tape = { ...archive, name: "tape", storageType: "tape", path: "/dev/st0" } as const;
  await moveCopy(world, outside, (await upsertLocation(world.db, site, etc)).id);
  await moveCopy(world, onTape, (await upsertLocation(world.db, site, tape)).id);
  await world.request([outside, onTape]);
  await world.workUntilIdle();
  await world.expect({
    pending: [
      { package: outside, code: "CDT-ENDPOINT-NOT-ALLOWED", reason: "unreadable_source" },
      { package: onTape, code: "CDT-STORAGE-NOT-SUPPORTED", reason: "unreadable_source" },
    ],
    leftOver: "nothing",
  });
});

function withArchiveChecksum(truth: PackedManifest, algorithm: string, digest: string): PackedManifest {
  return { ...truth, package: { ...truth.package, checksums: [{ algorithm, digest }] } };
}

function withFileChecksum(truth: PackedManifest, algorithm: string, digest: string): PackedManifest {
  return {
    ...truth,
    files: truth.files.map((file, i) => (i === 1 ? { ...file, checksums: [{ algorithm, digest }] } : file)),
  };
}

async function moveCopy(world: World, { id }: ArchivedPackage, locationId: number): Promise<void> {
  await world.db.query(sql`
    UPDATE physical_copy SET data_location_id = ${locationId} WHERE raw_data_package_id = ${id}`);
}

/** Every read breaks off in its middle, for as long as that is so. */
/** Nobody listens. */
function away(storage: Storage, isAway: () => boolean): Storage {
  return {
    ...storage,
    async stat(key, signal) {
      if (isAway()) {
        throw new SourceUnreachable({ storage: storage.name, key, what: "ECONNREFUSED", isOutage: true });
      }
      return await storage.stat(key, signal);
    },
  };
}

function breaking(storage: Storage, isBroken: () => boolean): Storage {
  return {
    ...storage,
    async *read(key, range, pin, signal) {
      for await (const chunk of storage.read(key, range, pin, signal)) {
        yield chunk.subarray(0, chunk.length >> 1);
        if (isBroken()) throw new SourceUnreachable({ storage: storage.name, key, what: "ECONNRESET", isOutage: true });
        yield chunk.subarray(chunk.length >> 1);
      }
    },
  };
}
