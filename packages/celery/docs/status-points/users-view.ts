import type { StatusPoint } from "./status-point.ts";

export const usersView: StatusPoint = {
  title: "A user's view",
  promises: [
    {
      promise: "celery-node worker has Celery's familiar options; what there is not is refused in a sentence.",
      tests: [
        [
          "test/cli/remote.test.ts",
          "a worker with Celery's options runs tasks, and is seen by status, inspect, control and events",
        ],
        [
          "test/cli/command-line.test.ts",
          "options and commands of Celery's that there are not are refused with the reason",
        ],
        [
          "test/cli/command-line.test.ts",
          "every command's help has what it does, its options, and examples that it understands",
        ],
      ],
    },
    {
      promise: "Apps have Celery's settings; one that is not known is told, with the name that was probably meant.",
      tests: [
        [
          "test/cli/settings.test.ts",
          "settings may stand under Celery's names or in camel case, and times become what each part wants",
        ],
        ["test/cli/settings.test.ts", "a setting that is not known, or means nothing here, is told and does no harm"],
        [
          "test/cli/settings.test.ts",
          "every setting of Python's Celery stands in one of the tables, with Python's default",
        ],
      ],
    },
    {
      promise: "The log is pino's, and each line of a task carries its id.",
      tests: [
        [
          "test/pool/pool.conformance.ts",
          "what the task logs is in the worker's log, with the task's id and its own words",
        ],
        ["test/cli/worker-signals.test.ts", "USR1 writes what the worker is doing to the log, and changes nothing"],
      ],
    },
    {
      promise: "Hooks tell metrics what happens, and cannot disturb it.",
      tests: [["test/worker/consuming.test.ts", "a listener that throws or rejects does not disturb the work"]],
    },
    {
      promise: "W3C trace headers go through to retries, children and what follows.",
      tests: [
        [
          "test/testing/trace-headers.test.ts",
          "W3C trace headers reach the task, its next try, and all that it leads to; a header of one's own goes before",
        ],
      ],
    },
    {
      promise: "A test kit runs tasks in memory, canvas too, in a time that jumps.",
      tests: [
        [
          "test/testing/test-world.test.ts",
          "a task is called by its name, or by itself with its types, and answers what it returned",
        ],
        [
          "test/testing/test-world.test.ts",
          "chains, groups and chords run as they do on servers, callbacks and errbacks too",
        ],
        [
          "test/testing/test-world.test.ts",
          "where time is manual, tasks wait for it to be told, and begin in the order of their times",
        ],
      ],
    },
    {
      promise:
        "make pack builds .js and .d.ts, and whoever follows the README with it, in an empty folder, sees what it says.",
      tests: [
        [
          "test/pack/readme.test.ts",
          "a reader who follows README.md to the letter, with the packed package in an empty folder, sees what it says",
        ],
        [
          "test/pack/readme.test.ts",
          "its programs are right for a strict TypeScript compiler, with the types that are in the package",
        ],
        ["test/pack/readme.test.ts", "what is packed has no source, no test and nothing but what runs"],
      ],
    },
  ],
};
