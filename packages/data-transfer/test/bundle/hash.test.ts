import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { checksumAlgorithms, createHasher } from "../../src/bundle/hash.ts";
import { UnknownAlgorithm } from "../../src/errors/package.ts";

const tools = { xxh64: ["xxhsum", "-H1"], sha256: ["sha256sum"] } as const;

for (const algorithm of checksumAlgorithms) {
  test(`${algorithm} is what its command-line tool says, however the bytes are cut`, {
    skip: without("xxhsum"),
  }, async () => {
    const hasher = await createHasher(algorithm);
    for (const length of [0, 1, 31, 32, 33, 65_536, 1_000_003]) {
      const bytes = randomBytes(length);
      const [program, ...args] = tools[algorithm];
      const expected = execFileSync(program, args, { input: bytes, encoding: "utf8" }).split(" ")[0];
      for (const cut of [length, 7919, 1024 * 1024]) {
        hasher.reset();
        for (let at = 0; at < length; at += cut) hasher.update(bytes.subarray(at, at + cut));
        assert.equal(hasher.digest(), expected);
      }
    }
  });
}

test("hashers of one algorithm do not disturb each other", async () => {
  for (const algorithm of checksumAlgorithms) {
    const [one, two] = await Promise.all([createHasher(algorithm), createHasher(algorithm)]);
    one.update(Buffer.from("a"));
    two.update(Buffer.from("b"));
    one.update(Buffer.from("c"));
    const alone = await createHasher(algorithm);
    alone.update(Buffer.from("ac"));
    const digest = one.digest();
    assert.equal(digest, alone.digest());
    assert.notEqual(digest, two.digest());
  }
});

test("an algorithm that nobody knows is refused, not skipped", async () => {
  for (const algorithm of ["md5", "SHA256", "", "__proto__", "constructor"]) {
    await assert.rejects(createHasher(algorithm), UnknownAlgorithm);
  }
});
