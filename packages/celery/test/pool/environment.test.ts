import assert from "node:assert/strict";
import { test } from "node:test";
import { childNodeOptions } from "../../src/worker/pool/environment.ts";

test("children get the loaders and limits of this Node, not what is meant for one process alone", () => {
  const kept = ["--import", "./loader.js", "--max-old-space-size=512", "-r", "./hook.cjs", "--enable-source-maps"];
  const dropped = [
    ...["--inspect=9229", "--inspect-brk", "--inspect-port", "9230", "--test", "--test-name-pattern", "x"],
    ...["--watch", "--watch-path", "./src", "--input-type=module", "-e", "1 + 1", "-pe", "2"],
  ];
  assert.deepEqual(childNodeOptions([...dropped, ...kept]), kept);
  assert.deepEqual(childNodeOptions([...kept, ...dropped]), kept);
});
