import type { Level } from "pino";
import type { Command } from "../command.ts";
import { logLevels } from "../log.ts";
import { readOption } from "../read-option.ts";
import { UsageError } from "../usage-error.ts";
import type { WorkerInput } from "../worker-input.ts";

/** Celery's worker, with Celery's options (celery/bin/worker.py of 5.6). */
export const worker: Command<WorkerInput> = {
  name: "worker",
  summary: "runs the tasks of an app",
  description:
    "Takes messages from its queues and runs their tasks until it is told to stop. TERM and INT: warm shutdown, again: cold;" +
    " QUIT: cold; HUP: restart; USR1: what it is doing goes to the log. Exit code 0 after a warm shutdown, 1 after a cold one.",
  options: [
    { flags: "-Q, --queues <names>", description: "queues to consume, joined by commas", read: readOption.list },
    {
      flags: "-X, --exclude-queues <names>",
      description: "queues of the app not to consume, joined by commas",
      read: readOption.list,
    },
    {
      flags: "-c, --concurrency <count>",
      description: "tasks that run at once; one per processor by default",
      read: readOption.whole(1),
    },
    {
      flags: "-n, --hostname <name>",
      description: "node name, celery@%h by default; %h host, %n its first part, %d the rest",
    },
    { flags: "-P, --pool <kind>", description: "where tasks run: inline (or solo), process (or prefork)" },
    {
      flags: "-l, --loglevel <level>",
      description: "DEBUG, INFO, WARNING, ERROR, CRITICAL or FATAL",
      default: "info",
      read: readLevel,
    },
    { flags: "-E, --task-events", description: "send events about tasks, for Flower and `celery events`" },
    { flags: "--events", description: "the same as -E", hidden: true },
    { flags: "--without-gossip", description: "take no part in elections among workers" },
    { flags: "--without-mingle", description: "do not ask other workers at the start what is revoked" },
    { flags: "--without-heartbeat", description: "send no heartbeats" },
    {
      flags: "--heartbeat-interval <seconds>",
      description: "time between heartbeats, 2 s by default",
      read: readOption.seconds,
    },
    {
      flags: "--prefetch-multiplier <count>",
      description: "messages held for each task that may run; 0: no limit",
      read: readOption.whole(0),
    },
    {
      flags: "--max-tasks-per-child <count>",
      description: "a child of the process pool is replaced after so many tasks",
      read: readOption.whole(1),
    },
    {
      flags: "--max-memory-per-child <KiB>",
      description: "a child of the process pool that holds more is replaced after its task",
      read: readOption.whole(1),
    },
    { flags: "--time-limit <seconds>", description: "tasks are ended after so long", read: readOption.seconds },
    {
      flags: "--soft-time-limit <seconds>",
      description: "the signal of tasks is aborted after so long",
      read: readOption.seconds,
    },
    {
      flags: "--shutdown-grace <seconds>",
      description: "time that running tasks get in a warm shutdown, 20 s by default",
      read: readOption.seconds,
    },
    {
      flags: "--soft-shutdown-timeout <seconds>",
      description: "the same in a cold one, 0 by default",
      read: readOption.seconds,
    },
    { flags: "--purge", description: "throw away what waits in the queues before beginning" },
    { flags: "--discard", description: "the same as --purge", hidden: true },
    { flags: "--pidfile <path>", description: "where our process number is written while we live" },
    {
      flags: "-O, --optimization <profile>",
      description: "`fair` is how it always is here: a message is for whichever slot is free",
      choices: ["default", "fair"],
    },
    ...refused({
      "--autoscale <max,min>": "the pool has the size that -c gives it; `celery-node control pool_grow` changes it",
      "-S, --statedb <path>": "revoked tasks are not kept in a file: a worker learns them from the others at its start",
      "-D, --detach": "the worker stays in the foreground: systemd, Kubernetes or a shell's & put it elsewhere",
      "-B, --beat": "there is no beat: run Python's beside this worker, or cron",
      "-s, --schedule <path>": "there is no beat: run Python's beside this worker, or cron",
      "--scheduler <name>": "there is no beat: run Python's beside this worker, or cron",
      "-I, --include <modules>": "import the modules in the app's own",
      "-f, --logfile <path>": "the log goes to stderr: 2>>worker.log",
      "--uid <user>": "start the worker as the user that it shall be",
      "--gid <group>": "start the worker as the group that it shall be",
      "--umask <mask>": "set the umask before the worker is started",
      "--executable <path>": "start the worker with the Node that shall run it",
      "--disable-prefetch": "say --prefetch-multiplier 1",
    }),
  ],
  examples: [
    { command: "celery-node worker --app app.ts -Q sums -c 4", purpose: "four tasks of the queue sums at once" },
    {
      command: "celery-node -A app.ts worker -P process --max-tasks-per-child 1000 -E -l INFO",
      purpose: "in child processes, with events for Flower",
    },
  ],
  service: true,
  // What no other command needs is not loaded for them.
  run: async (context, input) => (await import("../run-worker.ts")).runWorker(context, input),
};

function refused(options: Readonly<Record<string, string>>) {
  return Object.entries(options).map(([flags, sentence]) => {
    const option = /--[a-z-]+/.exec(flags)?.[0];
    return { flags, description: "", refused: `${option} is not supported: ${sentence}` };
  });
}

function readLevel(text: string, option: string): Level {
  const level = logLevels[text.toUpperCase()] ?? Object.values(logLevels).find((known) => known === text.toLowerCase());
  if (level === undefined)
    throw new UsageError(`${option} is one of ${Object.keys(logLevels).join(", ")}, not ${text}`);
  return level;
}
