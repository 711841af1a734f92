import type { StatusPoint } from "./status-point.ts";

export const consuming: StatusPoint = {
  title: "Consuming",
  promises: [
    {
      promise: "Priorities are served as kombu serves them, and queues by round_robin, sorted or priority.",
      tests: [
        [
          "test/broker/broker.conformance.ts",
          "priority 0 goes first, then 3, 6 and 9; what lies between is rounded down; priority wins over queue",
        ],
        ["test/worker/prefetch.test.ts", "queues are served by the strategy …"],
      ],
    },
    {
      promise: "Named, topic and fanout exchanges lead from Python to us and back.",
      tests: [
        ["test/broker/redis-python.test.ts", "exchanges of every kind lead from Python to us and back, …"],
        [
          "test/broker/redis-python.test.ts",
          "topics lead us exactly where they lead Python, whoever has declared them",
        ],
        [
          "test/broker/exchanges.conformance.ts",
          "everybody who consumes from a fanout exchange gets a copy, beside the other queues",
        ],
      ],
    },
    {
      promise:
        "global_keyprefix, sep, priority_steps, the names of the unacked keys and visibility_timeout are what they are in kombu.",
      tests: [
        ["test/broker/redis-python.test.ts", "exchanges of every kind lead from Python to us and back, …"],
        [
          "test/broker/redis-peers.test.ts",
          "others' entries are given back after kombu's visibility timeout, not before, however old our lease is",
        ],
        [
          "test/cli/settings.test.ts",
          "settings may stand under Celery's names or in camel case, and times become what each part wants",
        ],
      ],
    },
    {
      promise: "No more messages are held than worker_prefetch_multiplier says; 0 is no limit.",
      tests: [
        [
          "test/worker/prefetch.test.ts",
          "four messages are held for each slot, and those that have not begun go back when the worker stops",
        ],
        ["test/worker/prefetch.test.ts", "a multiplier of 0 takes what there is"],
      ],
    },
    {
      promise: "A flood of tasks with an eta stays with the broker and costs no memory; each runs in time, once.",
      tests: [
        [
          "test/worker/eta.test.ts",
          "a flood of etas stays with the broker, whole, and an ordinary task behind them runs",
        ],
        [
          "test/worker/eta.test.ts",
          "what was parked runs when its time has come, once, in order, and counts as no redelivery",
        ],
        ["test/worker/eta.test.ts", "the worker that parked a message may be gone: another one runs it in time"],
        [
          "test/broker/redis-python.test.ts",
          "a parked message is left alone by a Python worker with a visibility timeout of 1 s, which runs it once it is due",
        ],
      ],
    },
    {
      promise: "What has expired is revoked and never runs.",
      tests: [
        ["test/worker/outcomes.test.ts", "an expired task is stored as REVOKED and never runs"],
        [
          "test/worker/eta.test.ts",
          "a task whose time to run is over is revoked as expired, be it on the queue or held until its eta",
        ],
      ],
    },
    {
      promise: "Rate limits hold tasks back, each name for itself.",
      tests: [
        ["test/worker/eta.test.ts", "tasks above their rate wait their turn, and tasks of other names pass them"],
      ],
    },
    {
      promise: "acks_late on and off mean what they mean in Celery.",
      tests: [
        [
          "test/worker/acknowledging.test.ts",
          "with acksLate off a message is acknowledged before its task runs, and a crash loses it, as the option says",
        ],
        ["test/worker/consuming.test.ts", "a message is not acknowledged before its result could be stored"],
      ],
    },
    {
      promise: "A task whose process dies is a failure, or runs again with reject_on_worker_lost.",
      tests: [
        [
          "test/pool/worker.test.ts",
          "a task whose process is killed with -9 is a failure that says so, and the worker goes on",
        ],
        [
          "test/pool/worker.test.ts",
          "a task that shall be run again when its process dies is, until it has killed too many",
        ],
      ],
    },
    {
      promise: "With worker_deduplicate_successful_tasks a redelivered task that has succeeded is not run again.",
      tests: [
        [
          "test/worker/acknowledging.test.ts",
          "a redelivered task that has succeeded is not run again where that is asked for",
        ],
      ],
    },
    {
      promise: "A child is replaced after its number of tasks, or when it holds too much memory.",
      tests: [
        [
          "test/pool/process.test.ts",
          "a child is replaced after its number of tasks, and the next one is ready before it is needed",
        ],
        [
          "test/pool/process.test.ts",
          "a child that holds too much memory works on until another one is ready, and then goes",
        ],
      ],
    },
  ],
};
