import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder, runProgram } from "./program.ts";

test("a worker's space for young objects is bounded, it has threads for the disk, and both can be chosen", async (t) => {
  const witness = join(emptyFolder(t), "witness.cjs");
  writeFileSync(
    witness,
    "const { pid, execArgv, env } = process;" +
      "console.error('pid', pid, 'options', execArgv.join() || env.NODE_OPTIONS, 'threads', env.UV_THREADPOOL_SIZE);",
  );
  const options = async (command: string, more = "", threads?: string) => {
    const env = { NODE_OPTIONS: `--require=${witness}${more}`, ...(threads && { UV_THREADPOOL_SIZE: threads }) };
    const { code, stderr } = await runProgram(t, [command, "--help"], { env });
    assert.equal(code, 0, stderr);
    const seen = [...stderr.matchAll(/^pid (\d+) options (.*)$/gm)];
    assert.equal(new Set(seen.map(([, pid]) => pid)).size, 1, "it stays one process");
    return seen.map(([, , given]) => given);
  };
  const first = `--require=${witness} threads undefined`;
  assert.deepEqual(await options("worker"), [first, "--max-semi-space-size=2 threads 64"]);
  assert.deepEqual(await options("manager"), [first]);
  const chosen = " --max-semi-space-size=16";
  assert.deepEqual(await options("worker", chosen, "8"), [`--require=${witness}${chosen} threads 8`]);
  const again = `--require=${witness}${chosen} threads`;
  assert.deepEqual(await options("worker", chosen), [`${again} undefined`, `${again} 64`]);
});

test("compiled sources are kept from one start to the next, where nobody else can write them", async (t) => {
  const temporary = emptyFolder(t);
  const folder = join(temporary, `ccat_data_transfer-${process.getuid!()}`);
  const start = async () => {
    const { code, stderr } = await runProgram(t, ["--version"], { env: { TMPDIR: temporary } });
    assert.equal(code, 0, stderr);
  };
  await start();
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const kept = () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(kept().length > 5, `${kept().length} were kept`);

  for (const [title, make] of Object.entries({
    "that others may write": () => {
      mkdirSync(folder);
      chmodSync(folder, 0o770);
    },
    "that is a link": () => {
      mkdirSync(join(temporary, "elsewhere"), { mode: 0o700 });
      symlinkSync("elsewhere", folder);
    },
    "that is a file": () => writeFileSync(folder, ""),
  })) {
    rmSync(folder, { recursive: true });
    make();
    await start();
    if (!statSync(folder).isDirectory()) continue;
    assert.deepEqual(readdirSync(folder), [], `a folder ${title} is left alone`);
  }
});
