import assert from "node:assert/strict";
import { test } from "node:test";
import { childNodeOptions } from "../../src/worker/pool/environment.ts";

test("children get the loaders and limits of this Node, not what is meant for one process alone", () => {
  const kept = ["--import", "./loader.js", "--max-old-space-size=512", "-r", "./hook.cjs", "--enable-source-maps"];
  const dropped = [
    ...["--inspect=9229", "--inspect-brk", "--inspect-port", "9230", "--test", "--test-name-pattern", "x"],
    ...["--watch", "--watch-path", "./src", "--input-type=module", "-e", "1 + 1", "-pe", "2"],
  ];
  assert.deepEqual(childNodeOptions([...dropped, ...kept], {}).slice(1), kept);
  assert.deepEqual(childNodeOptions([...kept, ...dropped], {}).slice(1), kept);
});

test("a child's space for young objects is bounded, unless somebody has chosen another bound", () => {
  assert.deepEqual(childNodeOptions([], {}), ["--max-semi-space-size=8"]);
  assert.deepEqual(childNodeOptions(["--max-semi-space-size=64"], {}), ["--max-semi-space-size=64"]);
  assert.deepEqual(childNodeOptions([], { NODE_OPTIONS: "--max_old_space_size=1 --max-semi-space-size=64" }), []);
});
