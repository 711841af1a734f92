import { setTimeout as pause } from "node:timers/promises";
import type { Figure } from "./figure.ts";
import { processorTime } from "./process-figures.ts";
import type { Rig } from "./rig.ts";

/** Time for a worker that has just started to come to rest, in ms. */
const settling = 10_000;
const watched = 30_000;

/** Lets a worker wait for messages that do not come. Nobody but it talks to Redis meanwhile. */
export async function measureIdle(rig: Rig, say: (line: string) => void): Promise<Figure[]> {
  say(`idle: watching a worker without work for ${watched / 1000} s`);
  const worker = await rig.startWorker();
  try {
    await pause(settling);
    const before = { at: performance.now(), used: processorTime(worker.pid), commands: await commandCount(rig) };
    await pause(watched);
    const seconds = (performance.now() - before.at) / 1000;
    const used = processorTime(worker.pid) - before.used;
    // The first look counts among what the second one sees.
    const looks = 2;
    const commands = (await commandCount(rig)) - before.commands - looks;
    const figure = { measurement: "idle" };
    return [
      { ...figure, what: "processor", value: (100 * used) / seconds, unit: "%", promised: { below: 1 } },
      { ...figure, what: "Redis commands", value: commands / seconds, unit: "/s", promised: { atMost: 20 } },
    ];
  } finally {
    await worker.stop();
  }
}

/** All commands, those that scripts call included. */
async function commandCount({ redis }: Rig): Promise<number> {
  const count = /^total_commands_processed:(\d+)/m.exec(await redis.cli("info", "stats"))?.[1];
  if (count === undefined) throw new Error("Redis does not say how many commands it has processed");
  return Number(count);
}
