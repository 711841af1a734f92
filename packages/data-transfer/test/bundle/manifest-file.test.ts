import assert from "node:assert/strict";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { type FileManifest, type ListedFile, openManifestFile } from "../../src/bundle/manifest-file.ts";
import { manifestLine, manifestText } from "../../src/bundle/write-manifest.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";

const { signal } = new AbortController();
const xxh64 = "0123456789abcdef";
const sha256 = xxh64.repeat(4);

async function opened(t: Scope, text: string | Buffer) {
  const path = join(await temporaryDirectory(t), "m.json");
  await writeFile(path, text);
  const manifest = await openManifestFile(path, signal);
  t.after(() => manifest.close());
  return { path, manifest };
}

async function filesOf({ files }: FileManifest): Promise<ListedFile[]> {
  return await Array.fromAsync(typeof files === "function" ? files() : (files ?? []));
}

test("a manifest is read as it stands, and again each time it is asked for", async (t) => {
  const { manifest } = await opened(
    t,
    ` {"files" : [ {"path":"a/\\u00fc \\" {[:,]}.fits","size":0,"sha256":"${sha256}","xxh64":"${xxh64}"},\r\n\t{"size":9007199254740991,"path":"\ufeffb"}],
      "package": {"size": 7, "xxh64": "${xxh64}"}} \n`,
  );
  assert.deepEqual(manifest.package, { size: 7, checksums: [{ algorithm: "xxh64", digest: xxh64 }] });
  assert.equal(manifest.fileCount, 2);
  assert.equal(manifest.complete, false);
  const files: ListedFile[] = [
    {
      path: 'a/ü " {[:,]}.fits',
      size: 0,
      checksums: [
        { algorithm: "xxh64", digest: xxh64 },
        { algorithm: "sha256", digest: sha256 },
      ],
    },
    { path: "\ufeffb", size: Number.MAX_SAFE_INTEGER, checksums: [] },
  ];
  assert.deepEqual(await filesOf(manifest), files);
  assert.deepEqual(await filesOf(manifest), files);
});

test("whatever may be missing may be missing", async (t) => {
  const bare = await opened(t, '{"package":{}}');
  assert.deepEqual(bare.manifest.package, { checksums: [] });
  assert.equal(bare.manifest.files, undefined);
  const empty = await opened(t, '{"files":[]}');
  assert.deepEqual(await filesOf(empty.manifest), []);
  assert.equal(empty.manifest.complete, true);
});

/** What is not a manifest, how the sentence goes on after the place, and where that is. */
const flawed: [text: string | Buffer, where: string, why: RegExp, line?: number, offset?: number][] = [
  ["", "", /it is empty/],
  [" \n ", "", /it ends in the middle/, 2, 3],
  ["{}", "", /neither a package nor files/],
  ["[]", "", /an object in braces is expected/],
  ['{"files":[]} x', "", /nothing more is expected/, 1, 13],
  ['{"files":[]}{"files":[]}', "", /nothing more is expected/],
  ['{"files":[{"path":"a","size":1}', "", /it ends in the middle/],
  ['{"files":[],}', "", /a key in quotes is expected/],
  ['{"files" []}', "", /a colon is expected/],
  ['{"files":[{"path":"a","size":1},]}', "files[0]", /an object is expected/],
  ['{"files":[{"path":"a","size":1} {"path":"b","size":1}]}', "files[0]", /a comma or a closing bracket is expected/],
  ['{"files":["a"]}', "", /an object or a closing bracket is expected/],
  ['{"files":null}', "files", /an object or a list is expected/],
  ['{"files":{}}', "files", /an object, not a list/],
  ['{"package":[]}', "package", /a list, not an object/],
  ['{"package":{},"files":[],"package":{}}', "", /the key "package" is there twice/],
  ['{"package":{},"more":{}}', "", /the key "more" is not known/],
  ['{"fi\\u006ces":[{}]}', "files[0].path", /missing, not a text/],
  ['{"package":{"size":1,"md5":"x"}}', "package", /the key "md5" is not known: known are size, xxh64, sha256/],
  ['{"package":{"size":"1"}}', "package.size", /"1", not a whole number/],
  ['{"package":{"size":-1}}', "package.size", /-1, not a whole number/],
  ['{"package":{"size":1.5}}', "package.size", /1.5, not a whole number/],
  ['{"package":{"size":9007199254740993}}', "package.size", /not a whole number/],
  ['{"package":{"size":01}}', "package", /not JSON/],
  ['{"package":{"size":1,"size":2}}', "package", /a key is there twice/],
  ['{"package":{"size":1,"s\\u0069ze":2}}', "package", /a key is there twice/],
  [`{"package":{"xxh64":"${xxh64.toUpperCase()}"}}`, "package.xxh64", /not 16 lower-case hex digits/],
  [`{"package":{"xxh64":"${sha256}"}}`, "package.xxh64", /not 16 lower-case hex digits/],
  ['{"package":{"xxh64":null}}', "package.xxh64", /null, not 16/],
  [`{"package":{"sha256":"${xxh64}"}}`, "package.sha256", /not 64 lower-case hex digits/],
  [`{"package":{"sha256":"${sha256.replace("a", "g")}"}}`, "package.sha256", /not 64 lower-case hex digits/],
  ['{"files":[\n{"path":"a","size":1},\n{"path":"b"}]}', "files[1].size", /missing, not a whole number/, 3, 34],
  ['{"files":[{"path":["a"],"size":1}]}', "files[0].path", /\["a"\], not a text/],
  ['{"files":[{"path":"a","size":1,"mode":7}]}', "files[0]", /the key "mode" is not known/],
  ['{"files":[{"path":"a","size":1}}]}', "files[0]", /a comma or a closing bracket is expected/],
  ['{"files":[{"path":"a","size":1]}', "files[0]", /not JSON/],
  ['{"files":[{"path":"a\nb","size":1}]}', "files[0]", /not JSON/],
  ['{"files":[{"path":"a\\nb","size":1}]}', "files[0].path", /control character/],
  ['{"files":[{"path":"\\ud800","size":1}]}', "files[0].path", /not valid UTF-8/],
  ['{"files":[{"path":"../a","size":1}]}', "files[0].path", /it has a part ".."/],
  ['{"files":[{"path":"/a","size":1}]}', "files[0].path", /absolute/],
  ['{"files":[{"path":"","size":1}]}', "files[0].path", /empty/],
  ['{"files":[{"path":"a","size":1},\n{"path":"a","size":1}]}', "files[1].path", /"a" is there twice/, 2, 33],
  [
    '{"files":[{"path":"A","size":1},{"path":"a","size":1}]}',
    "files[1].path",
    /"a" is the same name to some file systems/,
  ],
  ['{"files":[{"path":"a","size":1},{"path":"a/b","size":1}]}', "files[1].path", /as a directory/],
  [Buffer.from('{"files":[{"path":"\xfc","size":1}]}', "latin1"), "files[0]", /not valid UTF-8/],
  [`{"files":[{"path":"${"x".repeat(70_000)}","size":1}]}`, "files[0]", /longer than 65536 bytes/],
  [`{"files":[{"path":"${"x".repeat(600_000)}`, "files[0]", /longer than 65536 bytes/],
  [`{"files":[${"[".repeat(9)}`, "", /an object or a closing bracket is expected/],
];

for (const [text, where, why, line = undefined, offset = undefined] of flawed) {
  test(`refused, with the place: ${String(text).slice(0, 60)}`, async (t) => {
    await assert.rejects(opened(t, text), (error) => {
      assert.ok(error instanceof DataTransferError, String(error));
      assert.equal(error.code, "CDT-MANIFEST-FILE", error.message);
      assert.equal(error.kind, "configuration");
      assert.match(error.message, why);
      assert.match(error.message, /^the manifest .*m\.json cannot be used, line \d+, byte \d+: /);
      assert.match(error.message, /^[\x20-\x7e]+$/);
      if (where !== "") assert.equal(error.facts.where, where);
      if (line !== undefined) assert.deepEqual([error.facts.line, error.facts.offset], [line, offset]);
      return true;
    });
  });
}

test("a manifest that cannot be read, or only once, is told as such", async (t) => {
  const folder = await temporaryDirectory(t);
  await assert.rejects(openManifestFile(join(folder, "none"), signal), /none cannot be read: ENOENT/);
  await assert.rejects(openManifestFile(folder, signal), /not a regular file/);
});

test("a long manifest is read anew each time, and one that is changed meanwhile is noticed", async (t) => {
  const name = "a".repeat(200);
  const lines = Array.from({ length: 20_000 }, (_, number) => `{"path":"${name}-${number}","size":${number}}`);
  const { path, manifest } = await opened(t, `{"files":[${lines.join(",\n")}]}`);
  const files = await filesOf(manifest);
  assert.equal(files.length, lines.length);
  assert.deepEqual(files.at(-1), { path: `${name}-19999`, size: 19_999, checksums: [] });
  await appendFile(path, "\n");
  await assert.rejects(filesOf(manifest), /it was changed while it was read/);
});

test("wherever a piece of the file ends, the same is read; what is written is what is read", async (t) => {
  const plain: ListedFile[] = Array.from({ length: 20_000 }, (_, index) => ({
    path: `folder ${index % 7}/日本"[{${index}.fits`,
    size: index,
    checksums: [{ algorithm: "sha256", digest: index.toString(16).padStart(64, "0") }],
  }));
  async function* lines() {
    for (const file of plain) yield manifestLine(file);
  }
  const described = { size: 5, checksums: [{ algorithm: "xxh64", digest: xxh64 }] };
  const text = (await Array.fromAsync(manifestText(described, lines()))).join("");
  assert.ok(text.length > 1_000_000);
  const { manifest } = await opened(t, text);
  assert.deepEqual(manifest.package, described);
  assert.deepEqual(await filesOf(manifest), plain);
  assert.deepEqual(JSON.parse(text).files[19_999], {
    path: plain[19_999]!.path,
    size: 19_999,
    sha256: plain[19_999]!.checksums[0]!.digest,
  });
});
