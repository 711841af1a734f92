import { createRequire } from "node:module";
import type { Logger, pino } from "pino";
import { packLogArguments } from "../thrown.ts";

const require = createRequire(import.meta.url);

/**
 * A logger whose lines are written where the pool is, with what that knows of the task, by its rules. pino is loaded by the
 * first task that logs: many never do, and it takes some MiB.
 *
 * @param tell  gets the name of a line's level, and the bindings and arguments, packed
 */
export function remoteLog(level: string, tell: (level: string, args: string) => void): Logger {
  const make: typeof pino = require("pino");
  return make({
    level,
    base: null,
    hooks: {
      logMethod(args, _method, number) {
        // A task's own children of the logger have bindings that the pool cannot know.
        tell(this.levels.labels[number]!, packLogArguments([this.bindings(), ...args]));
      },
    },
  });
}
