import type { StatusPoint } from "./status-point.ts";

export const proof: StatusPoint = {
  title: "Proof",
  promises: [
    {
      promise: "Python's Celery 5.2.6 sends to our worker, works for our client, and shares a queue with our worker.",
      tests: [
        ["test/interop/python-to-ours.test.ts", "…: what Python sends in … comes back to it as it was"],
        ["test/interop/python-to-ours.test.ts", "…: callbacks, errbacks and canvas in protocol …"],
        ["test/interop/python-watches.test.ts", "…: Python revokes tasks that wait and tasks that run in our … pool"],
        [
          "test/interop/ours-to-python.test.ts",
          "…: a Python worker reads what we send in all serializers and compressions",
        ],
        ["test/interop/ours-to-python.test.ts", "…: a Python worker does our canvas, with callbacks and errbacks"],
        ["test/interop/side-by-side.test.ts", "…: both workers on one queue do every task once, and both take part"],
        [
          "test/interop/side-by-side.test.ts",
          "…: a chord's members are done half here and half there, whoever composed it",
        ],
        [
          "test/interop/leases.test.ts",
          "our task runs once although it is longer than the visibility timeout of Python workers that come and look",
        ],
      ],
    },
    {
      promise: "celery inspect, control and events are run as programs, over plain Redis and mutual TLS.",
      tests: [
        ["test/interop/control.test.ts", "celery inspect shows what our worker does"],
        [
          "test/interop/control.test.ts",
          "a worker that may only be looked at says so to celery control, with mutual TLS as without",
        ],
        ["test/interop/events.test.ts", "celery events shows our worker and its tasks as it shows Python's"],
      ],
    },
    {
      promise: "No input crashes the worker or loses a good message.",
      tests: [
        [
          "test/message/fuzz.test.ts",
          "whatever lies in a queue is read, or refused with a reason, and in no long time",
        ],
        [
          "test/message/fuzz.test.ts",
          "a good message comes back as it was sent, in all protocols, serializers and compressions",
        ],
        ["test/fuzz/worker.test.ts", "…, a worker does the good messages once and goes on"],
        ["test/fuzz/worker.test.ts", "…, a worker on Redis does the good messages once and goes on"],
      ],
    },
    {
      promise:
        "800 tasks, workers killed at random, Redis killed twice: every task has its effect, duplicates are counted and explained.",
      tests: [
        [
          "test/kill/kill.test.ts",
          "800 tasks, workers killed with -9 at random moments, Redis killed twice: each has its effect, and every second run is explained",
        ],
      ],
    },
    {
      promise:
        "The protocol of taking, lease, giving back and acknowledging holds in simulation, under random schedules, and each guard is needed.",
      tests: [
        [
          "test/simulation/simulation.test.ts",
          "workers die, stall and are cut off, Redis pauses and restarts: nothing is lost, held twice or run again without a reason",
        ],
        [
          "test/simulation/simulation.test.ts",
          "Python peers beside them, with timeouts from one second on, take no live lease and lose only what falls into their own hole",
        ],
        [
          "test/simulation/simulation.test.ts",
          "what the dead leave is back in its queue within two leases, and all of it is done",
        ],
        ["test/simulation/mutations.test.ts", "it is seen when …"],
        [
          "test/simulation/redis/replay.test.ts",
          "a real Redis answers all that was asked in simulations as the simulated one did, scripts and all",
        ],
      ],
    },
    {
      promise:
        "The documents are true: their examples run, their tables are made from the sources, each promise and each difference names its test.",
      tests: [
        [
          "test/pack/readme.test.ts",
          "a reader who follows README.md to the letter, with the packed package in an empty folder, sees what it says",
        ],
        [
          "test/docs/generated.test.ts",
          "the tables of settings in README.md and docs/settings.md are those of the program",
        ],
        ["test/docs/status.test.ts", "every promise of docs/status.md names tests that there are"],
        [
          "test/docs/status.test.ts",
          "every difference and every case of what happens when ... names a test that there is",
        ],
      ],
    },
  ],
};
