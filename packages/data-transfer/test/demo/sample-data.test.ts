import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fitsBlock, fitsHeader } from "../../src/demo/fits.ts";
import { makeSampleData } from "../../src/demo/sample-data.ts";
import { sampleObservations } from "../../src/demo/sample-observations.ts";

const deadline = { timeout: 120_000 };

test(
  "the demo's raw data are several packages of over 200 files and 200 MB, with names that are safe",
  deadline,
  async (t) => {
    const root = await folder(t);
    const packages = await makeSampleData(root);
    assert.ok(packages.length >= 3);
    assert.equal(new Set(packages.map(({ name }) => name)).size, packages.length);
    assert.ok(packages.reduce((sum, { files }) => sum + files.length, 0) >= 200);
    assert.ok(packages.reduce((sum, { bytes }) => sum + bytes, 0) >= 200_000_000);

    const digests = new Set<string>();
    let files = 0;
    for (const { name, directory, files: listed } of packages) {
      assert.match(name, /^[A-Za-z0-9_-]+$/);
      const found = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) =>
        entry.isFile(),
      );
      assert.equal(found.length, listed.length);
      for (const { path, size } of listed) {
        assert.match(path, /^([a-z0-9_-]+\/)?[a-z0-9_-]+\.fits$/);
        const content = await readFile(join(directory, path));
        assert.equal(content.length, size);
        digests.add(createHash("sha1").update(content).digest("hex"));
        files += 1;
      }
    }
    assert.equal(digests.size, files, "no two files are alike");
  },
);

test("every file is FITS: headers, data and padding fill whole blocks as the header says", deadline, async (t) => {
  for (const { directory, files, observation } of await makeSampleData(await folder(t), { observations: small() })) {
    for (const { path } of files) {
      const units = parseFits(await readFile(join(directory, path)));
      const [primary, table] = units;
      assert.equal(primary?.cards.get("SIMPLE"), "T");
      assert.equal(primary?.cards.get("TELESCOP"), "'FYST    '");
      assert.equal(primary?.cards.get("OBJECT")?.replaceAll(/[' ]/g, ""), observation.source);
      assert.match(primary?.cards.get("DATE-OBS") ?? "", /^'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}'$/);
      if (path === "housekeeping.fits") assert.equal(table?.cards.get("XTENSION"), "'BINTABLE'");
      else assert.equal(units.length, 1);
    }
  }
});

test(
  "spectra are big-endian floats around zero with a line in the middle; time streams are integers",
  deadline,
  async (t) => {
    const [spectra, , , streams] = await makeSampleData(await folder(t), { observations: small() });
    const image = parseFits(await readFile(join(spectra?.directory ?? "", spectra?.files[1]?.path ?? "")))[0];
    const channels = Number(image?.cards.get("NAXIS1"));
    const row = Array.from(
      { length: channels },
      (_, channel) => image?.data.readFloatBE((32 * channels + channel) * 4) ?? Number.NaN,
    );
    assert.ok(row.every((value) => Math.abs(value) < 10));
    assert.ok(mean(row.slice(channels / 2 - 4, channels / 2 + 4)) > 2);
    assert.ok(Math.abs(mean(row.slice(0, channels / 4))) < 0.5);

    const counts = parseFits(await readFile(join(streams?.directory ?? "", streams?.files[1]?.path ?? "")))[0];
    assert.equal(counts?.cards.get("BITPIX"), "32");
    const values = Array.from({ length: 1000 }, (_, index) => counts?.data.readInt32BE(index * 4) ?? Number.NaN);
    assert.ok(values.every((value) => Number.isInteger(value) && Math.abs(value) < 4000));
  },
);

test("the same seed makes the same bytes, another one others", deadline, async (t) => {
  const digest = async (seed: number) => {
    const hash = createHash("sha256");
    for (const { directory, files } of await makeSampleData(await folder(t), { seed, observations: small() })) {
      for (const { path } of files) hash.update(path).update(await readFile(join(directory, path)));
    }
    return hash.digest("hex");
  };
  assert.equal(await digest(1), await digest(1));
  assert.notEqual(await digest(1), await digest(2));
});

test("making sample data stops when it is told to", deadline, async (t) => {
  const root = await folder(t);
  const stop = new AbortController();
  stop.abort(new Error("stopped"));
  await assert.rejects(makeSampleData(root, { signal: stop.signal }), /stopped/);
  assert.equal((await stat(root)).isDirectory(), true);
  assert.deepEqual(await readdir(root), []);
});

test("what a FITS header cannot say is refused", () => {
  assert.throws(() => fitsHeader([["TOOLONGKEY", 1]]), RangeError);
  assert.throws(() => fitsHeader([["OBJECT", "x".repeat(80)]]), RangeError);
  assert.throws(() => fitsHeader([["OBJECT", "Köln"]]), RangeError);
  assert.equal(
    fitsHeader([["OBJECT", "Barnard's Loop"]])
      .toString()
      .slice(0, 30),
    "OBJECT  = 'Barnard''s Loop'   ",
  );
});

interface Unit {
  cards: Map<string, string>;
  data: Buffer;
}

/** Reads a FITS file as the standard has it, and fails at whatever departs from it. */
function parseFits(file: Buffer): Unit[] {
  assert.equal(file.length % fitsBlock, 0);
  const units: Unit[] = [];
  for (let at = 0; at < file.length; ) {
    const cards = new Map<string, string>();
    let ended = false;
    const start = at;
    for (; !ended || (at - start) % fitsBlock !== 0; at += 80) {
      const card = file.toString("latin1", at, at + 80);
      assert.match(card, /^[ -~]{80}$/);
      if (ended) assert.equal(card.trim(), "");
      else if (card.startsWith("END ")) ended = true;
      else {
        const parts = /^([A-Z0-9_-]{1,8}) *= ('(?:[^']|'')*'| *[TF]| *[-+0-9.E]+) *(\/ .*)?$/.exec(card);
        assert.ok(parts, card);
        const [, keyword, value] = parts as unknown as [string, string, string];
        if (!value.startsWith("'")) assert.equal(value.length, 20, card);
        assert.ok(!cards.has(keyword), `${keyword} stands twice`);
        cards.set(keyword, value.trim());
      }
    }
    assert.equal([...cards.keys()][0], units.length === 0 ? "SIMPLE" : "XTENSION");
    assert.deepEqual([...cards.keys()].slice(1, 3), ["BITPIX", "NAXIS"]);
    const axes = Array.from({ length: Number(cards.get("NAXIS")) }, (_, axis) => Number(cards.get(`NAXIS${axis + 1}`)));
    const size = axes.length === 0 ? 0 : axes.reduce((a, b) => a * b, Math.abs(Number(cards.get("BITPIX"))) / 8);
    units.push({ cards, data: file.subarray(at, at + size) });
    const end = at + Math.ceil(size / fitsBlock) * fitsBlock;
    assert.ok(end <= file.length, "the file ends within its data");
    assert.ok(
      file.subarray(at + size, end).every((byte) => byte === 0),
      "padding is zeros",
    );
    at = end;
  }
  return units;
}

/** The demo's observations with one scan of two, for tests that look at every byte. */
function small() {
  return sampleObservations.map((observation) => ({ ...observation, scans: 1, subscans: 2 }));
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sample-data-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
