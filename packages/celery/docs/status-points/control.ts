import type { StatusPoint } from "./status-point.ts";

export const control: StatusPoint = {
  title: "Remote control",
  promises: [
    {
      promise: "celery inspect, control and status work as programs, over plain Redis and mutual TLS.",
      tests: [
        ["test/interop/control.test.ts", "celery inspect shows what our worker does"],
        [
          "test/interop/control.test.ts",
          "celery control changes what our worker does, and a task revoked by it is REVOKED for everybody",
        ],
        [
          "test/interop/control.test.ts",
          "a worker that may only be looked at says so to celery control, with mutual TLS as without",
        ],
      ],
    },
    {
      promise: "Replies have the shapes of Python's, as inspect, control and Flower read them.",
      tests: [
        [
          "test/control/python-shapes.test.ts",
          "one client controls a Python worker and ours, and each reply of ours has the shape of Python's",
        ],
        [
          "test/control/inspect.test.ts",
          "stats has what Flower shows: pool, broker, totals, and the resources of the process under Python's names",
        ],
        [
          "test/control/worker-methods.test.ts",
          "active_queues describes each queue with every field that kombu has for it",
        ],
        [
          "test/control/inspect.test.ts",
          "active, reserved and scheduled show each task in its own place, with what Celery tells of it",
        ],
        [
          "test/control/inspect.test.ts",
          "query_task finds what is held and what has ended, and leaves out what it does not know",
        ],
      ],
    },
    {
      promise: "Passwords are never shown.",
      tests: [
        ["test/control/inspect.test.ts", "conf and report hide passwords, by the setting's name and within URLs"],
      ],
    },
    {
      promise: "Replies live for a time; nobody's list of replies stays behind.",
      tests: [
        ["test/broker/redis-python.test.ts", "app.control.ping hears our answer, which does not outlive its time"],
        [
          "test/control/client.test.ts",
          "an asker leaves nothing behind on the server, nor does a worker's reply that nobody waits for",
        ],
      ],
    },
    {
      promise: "Control is full, inspect or off; refusals are answered with an error, logged and counted.",
      tests: [
        [
          "test/control/access.test.ts",
          "a worker that may only be looked at refuses every method that changes something, and says so",
        ],
        [
          "test/control/access.test.ts",
          "with remote control off every method is refused, and each is logged once a minute at most",
        ],
        [
          "test/control/requests.test.ts",
          "what cannot be read, is not known, or has expired is counted and harms nothing",
        ],
      ],
    },
    {
      promise: "Tasks are revoked by id and by stamped headers, and terminated by a signal.",
      tests: [
        ["test/control/tasks.test.ts", "revoke flags one id or a list, and has the worker drop what waits"],
        ["test/control/tasks.test.ts", "tasks are revoked by their stamps, those held and those to come"],
        [
          "test/control/tasks.test.ts",
          "revoking to terminate names the tasks that were known, by the signal asked for in any of its forms",
        ],
        ["test/pool/pool.conformance.ts", "a task that is terminated learns why, and may clean up"],
      ],
    },
    {
      promise: "Rate limits, time limits, queues, the pool's size and events are changed while the worker runs.",
      tests: [
        [
          "test/control/tasks.test.ts",
          "rate limits are set, taken away, and refused when they are none or for an unknown task",
        ],
        ["test/control/worker-methods.test.ts", "queues are added, with all that names them, and cancelled"],
        [
          "test/control/worker-methods.test.ts",
          "the pool grows and shrinks, never below one slot nor beyond all measure",
        ],
        [
          "test/control/worker-methods.test.ts",
          "task events are switched on and off, and each answer says whether they were before",
        ],
        [
          "test/control/worker-methods.test.ts",
          "what this worker does not have is answered as Python answers where it is off",
        ],
      ],
    },
    {
      promise: "Revokes are shared at the start with Python's workers and ours, and are capped.",
      tests: [
        [
          "test/control/python-neighbours.test.ts",
          "workers of ours and Python's tell each other at their start what is revoked, and in elections one wins",
        ],
        [
          "test/control/mingle.test.ts",
          "a worker that starts learns what is revoked and how late it is, and tells what it knows itself",
        ],
        [
          "test/control/revoked-tasks.test.ts",
          "the oldest revokes go when there are too many, and one that is revoked again counts as new",
        ],
        ["test/control/revoked-tasks.test.ts", "what is told to others is the newest, with when it was revoked"],
      ],
    },
    {
      promise: "A flood of requests keeps nothing else from being done.",
      tests: [
        [
          "test/control/requests.test.ts",
          "a flood of requests is handled one a turn of the event loop, in order, and other work goes on",
        ],
        ["test/control/requests.test.ts", "beyond what may wait, requests are dropped and counted"],
      ],
    },
  ],
};
