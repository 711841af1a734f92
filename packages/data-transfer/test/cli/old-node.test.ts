import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "../../../../testing/free-port.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { emptyFolder, launcher, runProgram, variables } from "./program.ts";

test("on a machine whose Node is too old, the program runs with the Node that npm installed beside it", async (t) => {
  const env = oldNode(t);
  const shown = await runProgram(t, ["settings", "show", "redis", "--output", "json"], { env });
  assert.equal(shown.code, 0, shown.stderr);
  assert.ok(Array.isArray(JSON.parse(shown.stdout)));
  assert.match(shown.stderr, /^pretending to be 20\.1\.0$/m);
  const failed = await runProgram(t, ["nonsense"], { env });
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /\[CDT-USAGE\]/);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} to the old Node reaches the program, whose end is the end of both`, async (t) => {
    const env = {
      ...oldNode(t),
      ...variables({ database__host: "127.0.0.1", database__port: String(await freePort()) }),
    };
    let sent = false;
    const { code, stderr } = await runProgram(t, ["db", "status", "--startup-timeout", "10m"], {
      env,
      onStderr(text, kill) {
        if (sent || !text.includes("is not ready; trying again")) return;
        sent = true;
        kill(signal);
      },
    });
    assert.equal(code, 2, stderr);
    assert.match(stderr, new RegExp(`error: interrupted by ${signal} \\[CDT-INTERRUPTED\\]`));
  });
}

test("where no newer Node lies beside it, a sentence says what is needed and what helps", (t) => {
  const folder = emptyFolder(t);
  copyFileSync(launcher, join(folder, "launcher.mjs"));
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(folder, "launcher.mjs"), "--version"], {
    env: { ...process.env, ...oldNode(t) },
    encoding: "utf8",
  });
  assert.equal(status, 2, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /error: .* needs Node 24 or later, this is 20\.1\.0 \[CDT-NODE-VERSION\]\ntry: npm install/);
});

/** Variables that make the first Node believe it is an old one; the one that the launcher starts keeps its version. */
function oldNode(scope: Scope): Record<string, string> {
  const pretence = join(emptyFolder(scope), "old-node.cjs");
  writeFileSync(
    pretence,
    `if (process.env.CDT_LAUNCHED === undefined) {
      Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } });
      console.error("pretending to be 20.1.0");
    }`,
  );
  return { NODE_OPTIONS: `--require=${pretence}` };
}
