import { askWorkers, type TargetInput, targetOptions } from "../ask-workers.ts";
import type { Command } from "../command.ts";
import { controlMethods } from "../control-methods.ts";
import { listMethods } from "../list-methods.ts";

export const control: Command<{ method: string; arguments: string[] } & TargetInput> = {
  name: "control",
  summary: "tells workers to do something",
  description: "Exit code 1 when a worker replies an error, and when none replies.",
  details: `Methods:\n${listMethods(controlMethods)}`,
  arguments: [
    { name: "<method>", description: "one of the list below" },
    { name: "[arguments...]", description: "its arguments" },
  ],
  options: targetOptions,
  examples: [
    {
      command: "celery-node control rate_limit add 10/m -b redis://localhost",
      purpose: "at most ten a minute, on each worker",
    },
    { command: "celery-node control shutdown -b redis://localhost -d celery@web1", purpose: "end one worker, warmly" },
  ],
  run: (context, input) => askWorkers(context, controlMethods, input),
};
