/** The app of the tests of the command line. What is written to the worker's stdin lets tasks named `hold` end. */
import { defineApp, task } from "../../src/index.ts";

const opened = Promise.withResolvers<string>();
process.stdin.once("data", (text) => opened.resolve(String(text).trim()));

export default defineApp({
  task_default_queue: "sums",
  abortGrace: 1,
  lease: 5,
  tasks: [
    task("add", async (_, x: number | bigint, y: number | bigint) => BigInt(x) + BigInt(y)),
    task("fail", async () => {
      throw new RangeError("on purpose");
    }),
    /** Leaves something behind that nobody catches. */
    task("stray", async () => {
      setTimeout(() => {
        throw new Error("gone astray");
      });
    }),
    /** Ends when it is let, or told to by its signal. */
    task("hold", async ({ log, signal }) => {
      log.info("begun");
      const aborted = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => aborted.reject(signal.reason));
      return Promise.race([opened.promise, aborted.promise]);
    }),
    /** Ends when it is let, whatever its signal says. */
    task("stubborn", async ({ log }) => {
      log.info("begun");
      return opened.promise;
    }),
  ],
});
