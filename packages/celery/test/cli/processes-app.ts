/** Tasks for a worker with processes. Each says that it has begun by a file, and ends when there is one named `.end` beside it. */
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { defineApp, task } from "../../src/index.ts";

export default defineApp({
  abortGrace: 1,
  tasks: [
    task("heeds", async ({ signal }, file: string) => {
      writeFileSync(file, String(process.pid));
      while (!existsSync(`${file}.end`)) await pause(20, undefined, { signal });
      return "ended";
    }),
    task("deaf", async (_, file: string) => {
      writeFileSync(file, String(process.pid));
      while (!existsSync(`${file}.end`));
      return "ended";
    }),
  ],
});
