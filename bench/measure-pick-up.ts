import { setTimeout as pause } from "node:timers/promises";
import { archivePackage } from "./archive-package.ts";
import { type Figure, median, percentile } from "./figure.ts";
import type { Rig } from "./rig.ts";
import { openBell } from "./ring.ts";

const messages = 300;
/** The first ones find code that has never run, and are not counted. */
const warmUp = 10;

/**
 * Publishes messages one after the other to a worker that waits, and reads from the database when it had claimed them.
 * The package is there already after the first one, so what follows the claim is short.
 */
export async function measurePickUp(rig: Rig, say: (line: string) => void): Promise<Figure[]> {
  say(`pick-up: ${messages} messages to a worker that waits`);
  const { name } = await archivePackage(rig, { name: "small-package", from: "disk", files: 1, bytes: 4096 });
  const worker = await rig.startWorker();
  const bell = await openBell(rig);
  try {
    const times: number[] = [];
    for (let number = 0; number < messages + warmUp; number++) {
      const { pickUp } = await bell.stage(name);
      if (number >= warmUp) times.push(pickUp);
      // At no fixed time after the last one: the worker is somewhere between its turns.
      await pause(20 + Math.random() * 80);
    }
    const figure = { measurement: "pick-up", unit: "ms" };
    return [
      { ...figure, what: "published to claimed, median", value: median(times), promised: undefined },
      { ...figure, what: "published to claimed, p99", value: percentile(times, 99), promised: { atMost: 50 } },
      { ...figure, what: "published to claimed, longest", value: Math.max(...times), promised: undefined },
    ];
  } finally {
    await bell.close();
    await worker.stop();
  }
}
