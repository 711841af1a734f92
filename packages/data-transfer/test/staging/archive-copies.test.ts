import { test } from "node:test";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/world.ts";

test("a good package is staged", async (t) => {
  const world = await startWorld(t);
  const [good] = await world.archive.put(aPackage());
  await world.request([good]);
  await world.workUntilIdle();
  await world.expect({ staged: [good], leftOver: "nothing" });
});
