import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../packages/data-transfer/src/bundle/remove-tree.ts";
import type { Figure } from "./figure.ts";
import { ours, overHttp } from "./mover/contestants.ts";
import { largeFiles, makeSet, type SetShape, smallFiles } from "./mover/sample-set.ts";
import { startLink } from "./mover/start-link.ts";
import { timedRun } from "./mover/timed-run.ts";
import type { Tools } from "./mover/tools.ts";
import { startWebServer } from "./mover/web-server.ts";

/** Bytes a second: what a mover keeps up with, so that what it was sent is what it has got. */
const rate = 200e6;

/** Kills a fetch when half of a package has come, runs it again, and counts what the server sends the second time. */
export async function measureResume(tools: Tools): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const shape of [largeFiles, smallFiles]) figures.push(await measureSecondRun(tools, shape));
  return figures;
}

async function measureSecondRun(tools: Tools, shape: SetShape): Promise<Figure> {
  const folder = join(tools.directory, "served");
  const set = await makeSet(folder, shape, tools.scale);
  const server = await startWebServer(tools, folder);
  const link = await startLink(tools.scope, server.port, { rate, haltAfter: set.all[0]!.size / 2 });
  const into = join(tools.directory, "resumed");
  await mkdir(into);
  const command = ours(tools, overHttp(link.endpoint), "xxh64").command(set.all[0]!, join(into, "tree"));

  await killWhen(command, (signal) => link.halted(signal));
  const before = await server.bytesSent();
  const { seconds } = await timedRun(command);
  await server.stop();
  const sent = (await server.bytesSent()) - before;
  const share = (100 * sent) / set.all[0]!.size;
  tools.say(`resume: ${set.what}: ${share.toFixed(1)} % in ${seconds.toFixed(2)} s`);
  await removeTree(into);
  await set.remove();
  return {
    ...{ measurement: "resume", what: `${set.what}: read again after a kill at 50 %` },
    ...{ value: share, unit: "%", promised: { atMost: 55 } },
  };
}

/** @throws {Error} when it ends by itself */
async function killWhen(command: string, moment: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const child = spawn("bash", ["-c", `exec ${command}`], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "close");
  try {
    await Promise.race([
      moment(AbortSignal.any([stop.signal, AbortSignal.timeout(120_000)])),
      ended.then(([code]) => Promise.reject(new Error(`it ended with ${code} before it could be killed\n${output}`))),
    ]);
  } finally {
    stop.abort();
    child.kill("SIGKILL");
    await ended;
  }
}
