import { after, suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { without } from "../../../../../testing/require-server.ts";
import { startServers } from "../../processes/production.ts";
import { until } from "../../world/until.ts";
import { type Behind, type ChaosWorld, startChaos } from "./chaos-world.ts";
import { type NetworkFault, networkFaults } from "./network-faults.ts";
import { recovered } from "./recovered.ts";

const skip = without("redis-server", "openssl");

/** A test for each fault of the network between worker and manager on one side, and this server on the other. */
export async function tellStories(server: Behind, options: Parameters<typeof startServers>[1] = {}): Promise<void> {
  const world = skip ? undefined : await startChaos({ after }, await startServers({ after }, options));
  let number = 0;
  suite(`faults between us and ${server}`, { skip }, () => {
    for (const story of networkFaults.filter((one) => one.server === server)) {
      test(story.title, { timeout: 300_000 }, (t) => tell(t, world!, story, ++number));
    }

    test("after all of it both are ready for work, without having been started again", async () => {
      await Promise.all([world!.worker.ready(), world!.manager.ready()]);
    });
  });
}

/**
 * One package is in the middle when the fault begins, and comes to its end while it lasts; another is asked for meanwhile.
 * Both are staged, byte for byte and once, and nobody does anything about it.
 */
async function tell(t: TestContext, world: ChaosWorld, story: NetworkFault, number: number): Promise<void> {
  const { archive, proxies, put, request } = world;
  const { server, fault, times, seconds } = story;
  const proxy = proxies[server];
  const [first, second] = [`first-${number}`, `second-${number}`];
  await put({ [first]: 6_000_000, [second]: 300_000 });
  if (server === "archive") await proxy.play(fault, times);
  else archive.hold(first);
  const jobs = [await request(first)];
  if (server !== "archive") {
    await until("the first package is in the middle", () => archive.isHolding(first));
    await proxy.play(fault, times);
  }
  jobs.push(await request(second));
  archive.letGo(first);
  await until("the fault has struck", () => proxy.hits >= (times ?? 1));
  if (seconds !== undefined) await pause(seconds * 1000);
  const since = performance.now();
  if (seconds !== undefined) await proxy.pass();
  await world.staged(jobs);
  await recovered(t, since);
  await world.expectWhole(jobs);
  await proxy.pass();
}
