import { Agent, request } from "node:http";
import { type Figure, median, percentile } from "./figure.ts";
import type { Rig } from "./rig.ts";

const pages = ["/livez", "/readyz", "/metrics"] as const;
const calls = 1000;
/** Calls that find code that has never run. */
const warmUp = 200;

/** Asks an idle worker for its pages over one kept connection: what is timed is its answer and a trip over loopback. */
export async function measureHealth(rig: Rig, say: (line: string) => void): Promise<Figure[]> {
  say(`health: ${calls} calls of each page`);
  const worker = await rig.startWorker();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const figures: Figure[] = [];
    for (const page of pages) {
      const times: number[] = [];
      for (let number = 0; number < calls + warmUp; number++) {
        const began = performance.now();
        await get(agent, worker.port, page);
        if (number >= warmUp) times.push(performance.now() - began);
      }
      const figure = { measurement: "health", unit: "ms" };
      figures.push(
        { ...figure, what: `${page}, median`, value: median(times), promised: { below: 1 } },
        { ...figure, what: `${page}, p99`, value: percentile(times, 99), promised: undefined },
      );
    }
    return figures;
  } finally {
    agent.destroy();
    await worker.stop();
  }
}

/** @throws {Error} when the answer is not 200 */
function get(agent: Agent, port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ agent, host: "127.0.0.1", port, path }, (response) => {
      response.on("error", reject).on("end", resolve).resume();
      if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
    })
      .on("error", reject)
      .end();
  });
}
