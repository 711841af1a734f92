import { askWorkers, type TargetInput, targetOptions } from "../ask-workers.ts";
import type { Command } from "../command.ts";
import { inspectMethods } from "../control-methods.ts";
import { listMethods } from "../list-methods.ts";

export const inspect: Command<{ method: string; arguments: string[] } & TargetInput> = {
  name: "inspect",
  summary: "looks at workers: what they run, hold, know and consume",
  description: "Exit code 1 when a worker replies an error, and when none replies.",
  details: `Methods:\n${listMethods(inspectMethods)}`,
  arguments: [
    { name: "<method>", description: "one of the list below" },
    { name: "[arguments...]", description: "its arguments" },
  ],
  options: targetOptions,
  examples: [
    { command: "celery-node inspect active -b redis://localhost", purpose: "what runs now, on all workers" },
    {
      command: "celery-node inspect stats -b redis://localhost -d celery@web1 --json",
      purpose: "one worker, for a program",
    },
  ],
  run: (context, input) => askWorkers(context, inspectMethods, input),
};
