import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { without } from "../../../../testing/require-server.ts";
import { deflate, inflate } from "../../src/message/compression.ts";
import { UndecodableMessage } from "../../src/message/undecodable-message.ts";
import { UnencodableValue } from "../../src/message/unencodable-value.ts";
import { askPython } from "./ask-python.ts";
import { fuzzing } from "./fuzzing.ts";

const written = ["zlib", "zstd", "brotli"];
const mebibyte = 1 << 20;

/** What compressors find hard or strange. */
const samples: Record<string, Buffer> = {
  nothing: Buffer.alloc(0),
  "one byte": Buffer.from("a"),
  "runs of all lengths": Buffer.from(
    Array.from({ length: 300 }, (_, i) => String.fromCharCode(97 + (i % 3)).repeat(i)).join(""),
  ),
  text: Buffer.from(JSON.stringify(Array.from({ length: 3000 }, (_, i) => ({ number: i, word: `word ${i % 7}` })))),
  "all bytes": Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7) & 0xff)),
  "bytes without order": Buffer.from(
    fc.sample(fc.uint8Array({ minLength: 5000, maxLength: 5000 }), { seed: 1, numRuns: 1 })[0]!,
  ),
  "more than one block": Buffer.from("0123456789abcdefghij".repeat(100_000)),
};

/** As Python writes it. */
function xz(bytes: Buffer): Buffer {
  const program = "import lzma, sys; sys.stdout.buffer.write(lzma.compress(sys.stdin.buffer.read()))";
  return execFileSync("/usr/bin/python3", ["-c", program], { input: bytes });
}

test("what is compressed here inflates to the same, under each of kombu's names", () => {
  const names: Record<string, string[]> = {
    "application/x-gzip": ["gzip", "zlib"],
    "application/zstd": ["zstd", "zstandard"],
    "application/x-brotli": ["brotli"],
  };
  for (const [contentType, aliases] of Object.entries(names)) {
    for (const alias of [contentType, ...aliases]) {
      const packed = deflate(samples.text!, alias);
      assert.equal(packed.contentType, contentType);
      assert.ok(packed.bytes.length < samples.text!.length / 2);
      assert.deepEqual(inflate(packed.bytes, alias, mebibyte), samples.text);
    }
  }
  assert.deepEqual(inflate(gzipSync(samples.text!), "application/x-gzip", mebibyte), samples.text);
});

test("what Python compresses inflates here, and the other way round", { skip: without("python3-celery") }, async () => {
  const theirs = (await askPython(
    `
from kombu import compression
known = {"zlib": "application/x-gzip", "bzip2": "application/x-bz2", "lzma": "application/x-lzma",
         "brotli": "application/x-brotli", "zstd": "application/zstd"}
read = {}
for name, bodies in question["ours"].items():
    if known[name] in compression.encoders():
        read[name] = [compression.decompress(body, known[name]) == sample for body, sample in zip(bodies, question["samples"])]
answer([read, {name: [base64.b64encode(compression.compress(sample, kind)[0]).decode() for sample in question["samples"]]
               for name, kind in known.items() if kind in compression.encoders()}])`,
    {
      samples: Object.values(samples).map(asBytes),
      ours: Object.fromEntries(
        written.map((name) => [name, Object.values(samples).map((sample) => asBytes(deflate(sample, name).bytes))]),
      ),
    },
  )) as [Record<string, boolean[]>, Record<string, string[]>];
  const [read, packed] = theirs;
  for (const name of ["zlib"]) assert.ok(name in read, `Python has ${name}`);
  for (const [name, same] of Object.entries(read)) assert.ok(same.every(Boolean), `Python reads our ${name}`);
  for (const name of ["zlib", "bzip2", "lzma"]) assert.ok(name in packed, `Python has ${name}`);
  for (const [name, bodies] of Object.entries(packed)) {
    for (const [i, [what, sample]] of Object.entries(samples).entries()) {
      const body = Buffer.from(bodies[i]!, "base64");
      assert.ok(inflate(body, name, 4 * mebibyte).equals(sample), `${what} by Python's ${name}`);
      if (sample.length > 1)
        assert.throws(() => inflate(body, name, sample.length - 1), isRefused("too-large"), `${what}, ${name}`);
    }
  }
});

test("a body that inflates to more than it may is refused before it has", { skip: without("python3-celery") }, () => {
  const huge = Buffer.alloc(16 * mebibyte);
  const bodies = written.map((name) => [name, deflate(huge, name).bytes] as const);
  const before = process.memoryUsage();
  for (const [name, body] of [...bodies, ["bzip2", Buffer.from(zerosInBzip2, "base64")], ["lzma", xz(huge)]] as const) {
    assert.ok(body.length < mebibyte, name);
    assert.throws(() => inflate(body, name, mebibyte), isRefused("too-large"), name);
  }
  const after = process.memoryUsage();
  assert.ok(after.arrayBuffers - before.arrayBuffers < 12 * mebibyte);
});

test("an xz body that asks for a huge dictionary is refused before anybody reserves it", {
  skip: without("python3-celery"),
}, () => {
  const body = xz(Buffer.from("small"));
  assert.equal(inflate(body, "xz", mebibyte).toString(), "small");
  // The block's header: size, flags, the filter's id, the size of its properties, its dictionary.
  assert.deepEqual([...body.subarray(13, 16)], [0x00, 0x21, 0x01]);
  body[16] = 40;
  assert.throws(() => inflate(body, "lzma", mebibyte), isRefused("too-large"));
});

test("an unknown compression is refused by name; bzip2 and lzma are read but not written", () => {
  assert.throws(() => inflate(Buffer.from("x"), "application/x-snappy", 100), isRefused("unsupported-compression"));
  assert.throws(() => inflate(Buffer.from("x"), { toString: 1 }, 100), isRefused("unsupported-compression"));
  assert.throws(() => inflate(Buffer.from("x"), "__proto__", 100), isRefused("unsupported-compression"));
  assert.throws(() => deflate(Buffer.from("x"), "snappy"), UnencodableValue);
  assert.throws(() => deflate(Buffer.from("x"), "bzip2"), /bzip2 is read here, but not written/);
  assert.throws(() => deflate(Buffer.from("x"), "lzma"), /lzma is read here, but not written/);
});

test("damaged bodies inflate or are refused, in bounded time and size", (t) => {
  const whole: [string, Buffer][] = [
    ...written.map((name): [string, Buffer] => [name, deflate(samples["runs of all lengths"]!, name).bytes]),
    ...[textInBzip2, zerosInBzip2].map((body): [string, Buffer] => ["bzip2", Buffer.from(body, "base64")]),
  ];
  const damage = fc.tuple(fc.nat(), fc.nat({ max: 4 }), fc.uint8Array({ maxLength: 4 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...whole),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      ([name, body], damages) => {
        let bytes = body;
        for (const [place, length, others] of damages) {
          const at = place % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, at), others, bytes.subarray(at + length)]);
        }
        const started = performance.now();
        try {
          assert.ok(inflate(bytes, name, mebibyte).length <= mebibyte);
        } catch (error) {
          assert.ok(error instanceof UndecodableMessage, `${name}: ${String(error)}`);
        }
        assert.ok(performance.now() - started < 10_000);
      },
    ),
    fuzzing(t, 3000),
  );
});

function isRefused(reason: string): (error: unknown) => boolean {
  return (error) => error instanceof UndecodableMessage && error.reason === reason;
}

function asBytes(bytes: Buffer): unknown {
  return { __type__: "base64", __value__: bytes.toString("base64") };
}

/** Made by Python's bz2. */
const textInBzip2 =
  "QlpoOTFBWSZTWQ26Hp4AABKbgFAEKBAACj5tnoogAFQlRoEHoIA9Bpop6gGJp5QCgOgI3nk1j3NCZTb61nqgVlwuIjvXFJDXLOPJITD90Hp9YG325RWKnoW1GXIu5IpwoSAbdD08";
const zerosInBzip2 =
  "QlpoOTFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZvAS1wwCidcAAwAAACCAAIKQINjKKiE0qKiE4u5IpwoSFALuD6A==";
