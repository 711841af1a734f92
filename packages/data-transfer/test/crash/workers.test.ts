import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { startServers } from "../processes/production.ts";
import { errnos, failCalls } from "./fail-calls.ts";
import { findSteps } from "./find-steps.ts";
import { freezeWorkersAt } from "./freeze-workers.ts";
import { startGround } from "./ground.ts";
import { killWorkersAt } from "./kill-workers.ts";
const servers = await startServers({ after });
const files = { "a.fits": randomBytes(3000) };
test("killed, small", async (t) => {
  const ground = await startGround(t, servers, { files, locations: 50, packages: 50 });
  const { steps } = await findSteps(ground);
  await killWorkersAt(ground, steps.filter(({ changes }) => changes));
});
test("frozen, small", async (t) => {
  const ground = await startGround(t, servers, { files, locations: 50, packages: 100 });
  const { steps } = await findSteps(ground);
  await freezeWorkersAt(ground, steps.filter(({ changes }) => changes));
});
test("errors, small", async (t) => {
  const ground = await startGround(t, servers, { files, locations: 100, packages: 100 });
  const { steps } = await findSteps(ground);
  const attempts = await failCalls(ground, steps.map((step, index) => ({ step, errno: errnos[index % errnos.length]! })));
  t.diagnostic(JSON.stringify([...attempts]));
});
