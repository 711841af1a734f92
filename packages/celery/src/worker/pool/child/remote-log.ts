import { createRequire } from "node:module";
import type { Logger, LoggerOptions, pino } from "pino";
import type { Crossing } from "../crossing.ts";
import { packLogArguments } from "../thrown.ts";

const require = createRequire(import.meta.url);

/**
 * A logger whose lines are written where the pool is, with what that knows of the task, by its rules. pino is loaded by the
 * first task that logs: many never do, and it takes some MiB.
 *
 * @param tell  gets the name of a line's level, and the bindings and arguments, packed; false when the task has ended, and
 *   the line goes to stderr instead
 */
export function remoteLog(level: string, tell: (level: string, args: Crossing) => boolean): Logger {
  const make: typeof pino = require("pino");
  const hooks: LoggerOptions["hooks"] = {
    logMethod(args, method, number) {
      // A task's own children of the logger have bindings that the pool cannot know.
      const isTold = tell(this.levels.labels[number]!, packLogArguments([this.bindings(), ...args]));
      if (!isTold) method.apply(this, args);
    },
  };
  return make({ level, base: null, hooks }, process.stderr);
}
