import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { test } from "node:test";
import { actor, userName } from "../../src/cli/actor.ts";

test("who does something is named by user and machine, and by the user's number where the user has no name", (t) => {
  assert.equal(actor(), `${os.userInfo().username}@${os.hostname()}`);
  // As in a pod whose user is in no list: libuv then finds no entry.
  t.mock.method(os, "userInfo", () => {
    throw new Error("A system error occurred: uv_os_get_passwd returned ENOENT (no such file or directory)");
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.reset();
    syncBuiltinESMExports();
  });
  assert.equal(userName(), `uid ${process.getuid?.()}`);
  assert.equal(actor(), `uid ${process.getuid?.()}@${os.hostname()}`);
});
