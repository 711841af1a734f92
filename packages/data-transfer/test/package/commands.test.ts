import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { treeOf } from "../bundle/tree.ts";
import { aPackageWorld, expectRefused, type ManifestJson, run, runHere } from "./world.ts";

test("a package is unpacked by the rules of the tar alone, with the modes of the settings, and nothing beside it", async (t) => {
  const { tar, dest, parent, files } = await aPackageWorld(t);
  const env = { CCAT_DATA_TRANSFER_STAGING__FILE_MODE: "0604", CCAT_DATA_TRANSFER_STAGING__DIR_MODE: "0751" };
  const { code, stdout, stderr } = await run(t, ["package", "unpack", tar, dest, "--output", "json"], { env });
  assert.equal(code, 0, stderr);
  const answer = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(answer.state, "unpacked");
  assert.equal(answer.target, dest);
  assert.equal(answer.files, Object.keys(files).length);
  assert.deepEqual(await readdir(parent), ["dest"]);
  for (const [path, bytes] of Object.entries(files)) {
    assert.ok(bytes.equals(await readFile(join(dest, path))), path);
    assert.equal((await stat(join(dest, path))).mode & 0o7777, 0o604);
  }
  for (const folder of ["", "a", "a/deeper"]) assert.equal((await stat(join(dest, folder))).mode & 0o7777, 0o751);
});

test("a tar, and the tree that was made of it, have the same files in their manifests, in the order of their paths", async (t) => {
  const files = Object.fromEntries(
    ["b", "a/b", "a.b", "a b/c", "a/b.c/d", "ä", "\u{1F52D}", "\uFF5E", "Z", "a/é", "\ufeffq"].map((path) => [
      path,
      Buffer.from(path),
    ]),
  );
  const { tar, dest, bytes } = await aPackageWorld(t, files);
  assert.equal((await run(t, ["package", "unpack", tar, dest])).code, 0);
  for (const algorithm of ["xxh64", "sha256", "both"]) {
    const ofTar = await run(t, ["package", "manifest", tar, "--algorithm", algorithm]);
    const ofTree = await run(t, ["package", "manifest", dest, "--algorithm", algorithm]);
    assert.deepEqual([ofTar.code, ofTree.code], [0, 0]);
    const [one, other] = [JSON.parse(ofTar.stdout) as ManifestJson, JSON.parse(ofTree.stdout) as ManifestJson];
    assert.deepEqual(other.files, one.files);
    assert.deepEqual(other.package, {});
    assert.equal(one.package.size, bytes.length);
    const paths = one.files.map(({ path }) => path);
    assert.deepEqual(
      paths,
      [...Object.keys(files)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    const keys = algorithm === "both" ? ["xxh64", "sha256"] : [algorithm];
    for (const file of one.files) assert.deepEqual(Object.keys(file), ["path", "size", ...keys]);
    assert.deepEqual(Object.keys(one.package), ["size", ...keys]);
  }
});

test("a package is good when it is what its manifest says, be it a file or standard input", async (t) => {
  const { tar, manifest, bytes, parent, dest } = await aPackageWorld(t);
  const good = await run(t, ["package", "verify", tar, "--manifest", manifest]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(
    good.stdout,
    /^package\.tar is good: it is what its manifest says; 6 files, .*, xxh64 [0-9a-f]{16}, sha256 /,
  );
  const piped = await run(t, ["package", "verify", "-", "--manifest", manifest, "--output", "json"], { input: bytes });
  assert.equal(piped.code, 0, piped.stderr);
  assert.deepEqual((JSON.parse(piped.stdout) as { bytes: number }).bytes, bytes.length);
  const unpacked = await run(t, ["package", "unpack", "-", dest, "--manifest", manifest], { input: bytes });
  assert.equal(unpacked.code, 0, unpacked.stderr);
  assert.deepEqual(await readdir(parent), ["dest"]);
  const listed = await run(t, ["package", "manifest", "-", "--algorithm", "both"], { input: bytes });
  assert.equal(listed.stdout, await readFile(manifest, "utf8"));
});

/** What a manifest may say that is not so, and how that is told. */
const wrong: [what: string, change: (manifest: ManifestJson) => unknown, code: string][] = [
  ["the package's size is less", ({ package: p }) => Object.assign(p, { size: p.size! - 512 }), "CDT-PACKAGE-TOO-LONG"],
  [
    "the package's size is more",
    ({ package: p }) => Object.assign(p, { size: p.size! + 512 }),
    "CDT-PACKAGE-TOO-SHORT",
  ],
  ["the package's xxh64", (m) => flip(m.package, "xxh64"), "CDT-CHECKSUM"],
  ["the package's sha256", (m) => flip(m.package, "sha256"), "CDT-CHECKSUM"],
  ["a file's size", ({ files: [, f] }) => Object.assign(f!, { size: f!.size + 1 }), "CDT-WRONG-SIZE"],
  ["a file's xxh64", (m) => flip(m.files[1]!, "xxh64"), "CDT-CHECKSUM"],
  ["a file's sha256", (m) => flip(m.files[1]!, "sha256"), "CDT-CHECKSUM"],
  ["the sha256 of files that have no other", ({ files }) => onlySha256(files), "CDT-CHECKSUM"],
  ["a file that is not there", (m) => m.files.push({ path: "more", size: 0 }), "CDT-MISSING-FILE"],
  ["a file too few", (m) => m.files.pop(), "CDT-EXTRA-FILE"],
  ["no files at all", (m) => m.files.splice(0), "CDT-EXTRA-FILE"],
];

function flip(of: { xxh64?: string; sha256?: string }, algorithm: "xxh64" | "sha256"): void {
  const digest = of[algorithm]!;
  of[algorithm] = (digest[0] === "0" ? "1" : "0") + digest.slice(1);
}

function onlySha256(files: ManifestJson["files"]): void {
  for (const file of files) delete file.xxh64;
  flip(files[2]!, "sha256");
}

test("what is not so is refused by each command, and nothing is left", async (t) => {
  const { tar, dest, parent, changed } = await aPackageWorld(t);
  for (const [what, change, code] of wrong) {
    const manifest = await changed(change);
    for (const command of [
      ["verify", tar],
      ["unpack", tar, dest],
      ["fetch", tar, dest],
    ]) {
      const outcome = await runHere(t, ["package", ...command, "--manifest", manifest]);
      await expectRefused(outcome, code, parent).catch((error) => {
        throw new Error(`${what}, ${command[0]}: ${error.message}`, { cause: error });
      });
    }
  }
});

test("what a manifest does not say is not compared", async (t) => {
  const { tar, dest, changed } = await aPackageWorld(t);
  const sizes = await changed((m) => {
    m.package = {};
    m.files = m.files.map(({ path, size }) => ({ path, size }));
  });
  const ofPackage = await changed((m) => delete (m as Partial<ManifestJson>).files);
  for (const manifest of [sizes, ofPackage]) {
    const outcome = await run(t, ["package", "unpack", tar, dest, "--manifest", manifest]);
    assert.equal(outcome.code, 0, outcome.stderr);
    await rm(dest, { recursive: true });
  }
});

test("the same tree that lies there already is verified and left as it is", async (t) => {
  const { tar, dest, manifest, bytes, changed } = await aPackageWorld(t);
  assert.equal((await run(t, ["package", "unpack", tar, dest])).code, 0);
  const before = await stat(join(dest, "a/block"));
  const withoutSums = await changed((m) => delete m.files[0]!.sha256);
  const incomplete = await changed((m) => {
    m.files = m.files.map(({ path, size }) => ({ path, size }));
  });
  for (const options of [[], ["--manifest", manifest], ["--manifest", withoutSums], ["--manifest", incomplete]]) {
    for (const how of ["unpack", "fetch"]) {
      const outcome = await run(t, ["package", how, tar, dest, ...options, "--output", "json"]);
      assert.equal(outcome.code, 0, outcome.stderr);
      assert.equal((JSON.parse(outcome.stdout) as { state: string }).state, "already there");
    }
  }
  assert.match((await run(t, ["package", "unpack", "-", dest], { input: bytes })).stdout, /already there, and intact/);
  const after = await stat(join(dest, "a/block"));
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
});

test("whatever else lies there is refused and not touched", async (t) => {
  const { tar, dest, parent, manifest } = await aPackageWorld(t);
  const inDest = (path: string) => join(dest, path);
  const cases: [what: RegExp, unpackedBefore: boolean, make: () => Promise<unknown>][] = [
    [/: 6 differences, the first: .* \(missing\)/, false, () => mkdir(dest)],
    [/it is a file/, false, () => writeFile(dest, "mine")],
    [/it is a link/, false, () => symlink(parent, dest)],
    [/it is a link/, false, () => symlink("nowhere", dest)],
    [/: 1 difference: a\/more \(extra\)/, true, () => writeFile(inDest("a/more"), "")],
    [/: 1 difference: \\u00ffz \(extra\)/, true, () => writeFile(inDest("ÿz"), "")],
    [/one-byte \(missing\)/, true, () => rm(inDest("one-byte"))],
    [/a\/block \(size\)/, true, () => truncate(inDest("a/block"), 511)],
    [/a\/block \(checksum\)/, true, () => writeFile(inDest("a/block"), Buffer.alloc(512))],
    [/folder \(not-a-file\)/, true, () => symlink("a", inDest("folder"))],
  ];
  for (const [what, unpackedBefore, make] of cases) {
    if (unpackedBefore) assert.equal((await runHere(t, ["package", "unpack", tar, dest])).code, 0);
    await make();
    const link = (await readdir(parent, { withFileTypes: true }))[0]!.isSymbolicLink();
    const before = link ? undefined : await treeOf(parent);
    for (const options of [[], ["--manifest", manifest]]) {
      const outcome = await runHere(t, ["package", "unpack", tar, dest, ...options]);
      await expectRefused(outcome, "CDT-DESTINATION-OCCUPIED", parent, ["dest"]);
      assert.match(outcome.stderr, what);
    }
    if (!link) assert.deepEqual(await treeOf(parent), before);
    await rm(dest, { recursive: true });
  }
});

test("what cannot be run ends with 2 and leaves nothing", async (t) => {
  const { tar, dest, parent, manifest } = await aPackageWorld(t);
  await writeFile(join(parent, "../bad.json"), '{"files":[{}]}');
  const bad = join(parent, "../bad.json");
  const s3 = ["package", "fetch", "s3://bucket/key", dest];
  const cases: [args: string[], code: string, sentence?: RegExp][] = [
    [["package", "verify", `${tar}.none`], "CDT-USAGE", /ENOENT/],
    [["package", "verify", parent], "CDT-SOURCE-KEY", /not a regular file/],
    [["package", "unpack", tar, join(parent, "no/dest")], "CDT-USAGE", /ENOENT/],
    [["package", "unpack", tar, join(tar, "dest")], "CDT-USAGE", /not a folder/],
    [["package", "unpack", tar, "/"], "CDT-USAGE"],
    [["package", "unpack", tar, dest, "--manifest", `${manifest}.none`], "CDT-USAGE", /ENOENT/],
    [["package", "unpack", tar, dest, "--manifest", bad], "CDT-MANIFEST-FILE", /line 1, byte 10: files\[0\]\.path/],
    [["package", "verify", "https://localhost/x"], "CDT-USAGE", /not lie on this machine/],
    [["package", "fetch", "-", dest], "CDT-USAGE", /cannot be fetched/],
    [["package", "fetch", "ftp://localhost/x", dest], "CDT-USAGE", /ftp is not known/],
    [["package", "fetch", "http://me:swordfish@localhost/x", dest], "CDT-USAGE", /credentials do not belong/],
    [["package", "fetch", "s3://bucket", dest], "CDT-USAGE", /names no key/],
    [s3, "CDT-USAGE", /needs --endpoint/],
    [[...s3, "--endpoint", "nonsense"], "CDT-USAGE", /not of the form/],
    [[...s3, "--endpoint", "http://127.0.0.1:9"], "CDT-CREDENTIALS-MISSING"],
    [[...s3, "--endpoint", "http://127.0.0.1:9", "--keys", "lta"], "CDT-USAGE", /no table s3\.lta/],
    [["package", "manifest", `${tar}.none`], "CDT-USAGE", /ENOENT/],
    [["package", "manifest", tar, "--algorithm", "md5"], "CDT-USAGE", /xxh64, sha256, both/],
  ];
  for (const [args, code, sentence = /./] of cases) {
    const outcome = await runHere(t, [...args, "--output", "json"]);
    assert.equal(outcome.code, 2, `${args.join(" ")}: ${outcome.stderr}`);
    assert.match(outcome.stderr, new RegExp(`\\[${code}\\]`));
    assert.match(outcome.stderr, sentence);
    assert.doesNotMatch(outcome.stderr, /swordfish/);
    assert.equal((JSON.parse(outcome.stdout) as { error: { code: string } }).error.code, code);
    assert.deepEqual(await readdir(parent), []);
  }
});

test("a folder that cannot be a package is refused before anything is printed", async (t) => {
  const { parent } = await aPackageWorld(t);
  const cases: [what: RegExp, make: () => Promise<unknown>][] = [
    [/"link": it is a link/, () => symlink("a", join(parent, "link"))],
    [/"b\/[aA]": it is the same name to some file systems as another one/, () => two("b/a", "b/A")],
    [/"a\\\\u000ab": it has a control character/, () => writeFile(join(parent, "a\nb"), "")],
    [
      /"\\\\xff": its name is not valid UTF-8/,
      () => writeFile(Buffer.concat([Buffer.from(`${parent}/`), Buffer.from([0xff])]), ""),
    ],
  ];
  for (const [what, make] of cases) {
    await make();
    const outcome = await run(t, ["package", "manifest", parent]);
    assert.equal(outcome.code, 1, outcome.stderr);
    assert.match(outcome.stderr, /\[CDT-NOT-PACKABLE\]/);
    assert.match(outcome.stderr.replaceAll("\\", "\\\\"), what);
    assert.equal(outcome.stdout, "");
    await rm(parent, { recursive: true });
    await mkdir(parent);
  }

  async function two(...names: string[]): Promise<void> {
    await mkdir(join(parent, "b"));
    for (const name of names) await writeFile(join(parent, name), "");
  }
});
