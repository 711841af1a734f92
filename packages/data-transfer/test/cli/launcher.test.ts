import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder, runProgram } from "./program.ts";

test("a worker's space for young objects is bounded, whatever the machine has, and can be chosen", async (t) => {
  const witness = join(emptyFolder(t), "witness.cjs");
  writeFileSync(
    witness,
    "const { pid, execArgv, env } = process; console.error('pid', pid, 'options', execArgv.join() || env.NODE_OPTIONS);",
  );
  const options = async (command: string, more = "") => {
    const env = { NODE_OPTIONS: `--require=${witness}${more}` };
    const { code, stderr } = await runProgram(t, [command, "--help"], { env });
    assert.equal(code, 0, stderr);
    const seen = [...stderr.matchAll(/^pid (\d+) options (.*)$/gm)];
    assert.equal(new Set(seen.map(([, pid]) => pid)).size, 1, "it stays one process");
    return seen.map(([, , given]) => given);
  };
  assert.deepEqual(await options("worker"), [`--require=${witness}`, "--max-semi-space-size=2"]);
  assert.deepEqual(await options("manager"), [`--require=${witness}`]);
  const chosen = " --max-semi-space-size=16";
  assert.deepEqual(await options("worker", chosen), [`--require=${witness}${chosen}`]);
});
