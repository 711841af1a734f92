import assert from "node:assert/strict";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { linkFileOf } from "../../src/bundle/deliver-package.ts";
import type { WaivableRule } from "../../src/model/waiver.ts";
import { retryJob } from "../../src/opsdb/job-control.ts";
import { grantWaiver } from "../../src/opsdb/waivers.ts";
import { file, member, tar } from "../bundle/tar-forge.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";

const contents = { "night/one": "one" };
const latest = member({ name: "night/latest", type: "2", linkname: "one" });

test("a package that was refused for a link is staged without it when somebody answers for it, and the link is listed", async (t) => {
  const world = await startWorld(t);
  const [linked] = await world.archive.put(aPackage({ contents, tar: tar(file("night/one", "one"), latest) }));
  const job = await world.request([linked]);
  await world.workUntilIdle();
  await world.expect({
    failed: [{ package: linked, code: "CDT-UNSAFE-MEMBER", reason: "corrupt_source" }],
    leftOver: "nothing",
    next: "spare_processing",
  });
  const grant = (rule: WaivableRule) =>
    world.db.transaction((tx) => grantWaiver(tx, { packageId: linked.id, rule, why: "not needed", actor: "ana" }));
  const again = async () => {
    await world.db.transaction((tx) => retryJob(tx, job.id, "ana"));
    await world.workUntilIdle();
    return (await world.item(linked)).status;
  };
  await grant("hard-link");
  assert.equal(await again(), "failed", "a waiver of another rule is none");
  await grant("symbolic-link");
  assert.equal(await again(), "completed");
  const target = world.directoryOf(linked);
  assert.equal(await readFile(join(target, "night/one"), "utf8"), "one");
  await assert.rejects(lstat(join(target, "night/latest")), { code: "ENOENT" });
  assert.match(await readFile(linkFileOf(target), "utf8"), /"night\/latest".*"one"/);
});
