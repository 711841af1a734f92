import type { StatusPoint } from "./status-point.ts";

const pools = "test/pool/pool.conformance.ts";

export const running: StatusPoint = {
  title: "Running",
  promises: [
    {
      promise: "The pools inline and process behave alike; each runs as many tasks at once as it may.",
      tests: [
        [pools, "no more run at once than may; the others begin in their order"],
        [pools, "arguments come as the message had them, and so does the result: nothing is lost on the way"],
      ],
    },
    {
      promise: "A child that is killed, crashes or exits takes its own task with it and no other, and is replaced.",
      tests: [
        [
          "test/pool/child-death.test.ts",
          "a child killed with -9 loses its task, with its pid and signal; the others do not notice, and it is replaced",
        ],
        [
          "test/pool/child-death.test.ts",
          "a task that exits, crashes, kills or cuts off its process is lost, with what it said last",
        ],
        [
          "test/pool/child-death.test.ts",
          "children that die before they had a task are started ever more slowly, one at a time, until one works",
        ],
        [
          "test/pool/parent-death.test.ts",
          "children end with a worker that … ended, even one that computes without a pause",
        ],
      ],
    },
    {
      promise: "Children do not inherit the worker's secrets.",
      tests: [
        [
          "test/pool/process.test.ts",
          "a child sees of the worker's environment what it needs and what it was given by name, and no secret",
        ],
        [
          "test/pool/process.test.ts",
          "a child has no files of the worker's, and its command line and title tell nothing of the task",
        ],
      ],
    },
    {
      promise: "Soft and hard time limits hold, from the message, the task, the worker, and remote control.",
      tests: [
        [pools, "the soft limit aborts the signal: the task may fail by it, or clean up and return"],
        [pools, "the hard limit ends a task that has no ear for anything"],
        ["test/pool/worker.test.ts", "a hard limit in the message ends a task that computes without a pause"],
        ["test/control/tasks.test.ts", "time limits are set, and taken away where none is given"],
      ],
    },
    {
      promise: "A task gets a typed context: signal, retry, progress, logger, request.",
      tests: [
        [pools, "what the task asks of its context is done by the worker, and answered"],
        [pools, "the task knows its request"],
        [pools, "what the task logs is in the worker's log, with the task's id and its own words"],
        [
          "test/worker/outcomes.test.ts",
          "while it runs, STARTED says where; a task's own states and its progress can be read",
        ],
      ],
    },
    {
      promise: "Tasks are plain async functions with typed arguments, which a schema may check.",
      tests: [
        [
          "test/worker/define-task.test.ts",
          "a plain function with typed arguments is a task; keyword arguments find their places",
        ],
        [
          "test/worker/define-task.test.ts",
          "arguments that do not fit fail the task as Python's TypeError, before it runs",
        ],
      ],
    },
    {
      promise: "Tasks that work on files delay no renewal of a lease by more than half of it.",
      tests: [
        [
          "test/pool/lease-and-load.test.ts",
          "16 tasks that hash files delay no renewal of a 2 s lease by more than half of it",
        ],
        [
          "test/pool/lease-and-load.test.ts",
          "leases are renewed while every thread of the pool is taken: file names and hashes cannot hold them up",
        ],
      ],
    },
  ],
};
