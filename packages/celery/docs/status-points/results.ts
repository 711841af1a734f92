import type { StatusPoint } from "./status-point.ts";

export const results: StatusPoint = {
  title: "Results",
  promises: [
    {
      promise: "Every state is stored as Celery stores it, and read by Python.",
      tests: [
        [
          "test/interop/python-watches.test.ts",
          "…: Python sees a task of ours as STARTED, with its own progress, and done",
        ],
        [
          "test/worker/outcomes.test.ts",
          "while it runs, STARTED says where; a task's own states and its progress can be read",
        ],
        ["test/results/redis.test.ts", "keys, channel and time to live are Celery's"],
      ],
    },
    {
      promise: "With result_extended, name, arguments, worker, retries and queue are stored; children always are.",
      tests: [
        ["test/canvas/interop.test.ts", "Python sees children, and with result_extended what the task was called with"],
      ],
    },
    {
      promise: "A chord's member counts once, however often it is delivered.",
      tests: [
        ["test/results/chords.conformance.ts", "a member that is told again counts once, whatever it says then"],
        [
          "test/canvas/interop.test.ts",
          "a member that ran here and again in Python counts once: both write the same bytes",
        ],
      ],
    },
    {
      promise: "ignore_result stores nothing.",
      tests: [
        ["test/worker/outcomes.test.ts", "whoever asked for no result gets none"],
        ["test/canvas/worker-canvas.test.ts", "results are wanted by nobody, and the canvas goes on all the same"],
      ],
    },
    {
      promise: "Results expire when result_expires says so.",
      tests: [["test/results/redis.test.ts", "keys, channel and time to live are Celery's"]],
    },
    {
      promise: "SUCCESS is never overwritten.",
      tests: [
        [
          "test/results/results.conformance.ts",
          "a later state takes the place of an earlier one, but nothing that of SUCCESS",
        ],
        ["test/results/redis.test.ts", "SUCCESS stays, in whatever order its writer put the members"],
      ],
    },
    {
      promise: "Errors are exceptions that Python can raise: type, message, module and traceback.",
      tests: [
        [
          "test/interop/python-watches.test.ts",
          "…: failures, retries and what nobody knows are to Python what its own are",
        ],
        [
          "test/results/python-error.test.ts",
          "an error gets the name and module under which Python knows it, and its own where Python does not",
        ],
        ["test/results/python-error.test.ts", "a traceback tells the causes first"],
      ],
    },
  ],
};
