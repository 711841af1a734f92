import { test } from "node:test";
import { testCampaign } from "../bundle/fuzz/campaign-test.ts";

test("however a tar is made, changed or cut into pieces, and however long that goes on: a coded refusal, or GNU tar's tree", {
  timeout: 900_000,
}, async (t) => {
  await testCampaign(t, { seconds: 180, leastCases: 30_000 });
});
