import type { StatusPoint } from "./status-point.ts";

export const client: StatusPoint = {
  title: "Client",
  promises: [
    {
      promise: "Tasks are sent with every option of apply_async.",
      tests: [
        [
          "test/client/client.test.ts",
          "every option of a task that is sent is in its message, where Python looks for it",
        ],
        ["test/client/client.test.ts", "countdown and seconds to live are counted from the sending"],
        ["test/client/client.test.ts", "what cannot be sent is refused, and nothing of it is sent"],
        ["test/interop/ours-to-python.test.ts", "…: a Python task knows every option that we send it with"],
      ],
    },
    {
      promise: "Results are awaited by their publication, and by looking from time to time.",
      tests: [
        [
          "test/results/redis.test.ts",
          "a message on the channel wakes at once; without it, looking from time to time finds the result",
        ],
        ["test/results/redis.test.ts", "waiting outlives a restart of Redis"],
        [
          "test/client/client.test.ts",
          "a result tells its state, what it follows, what it has sent, and is forgotten with all that leads to it",
        ],
      ],
    },
    {
      promise: "Any Celery worker is inspected and controlled, with types for what it replies.",
      tests: [
        [
          "test/control/python-shapes.test.ts",
          "one client controls a Python worker and ours, and each reply of ours has the shape of Python's",
        ],
        [
          "test/control/client.test.ts",
          "an answer is there as soon as everybody who listens has replied, whatever the timeout",
        ],
      ],
    },
    {
      promise: "Tasks and results have types.",
      tests: [
        ["test/client/client.test.ts", "a task object stands for its name, and its types are those of the result"],
      ],
    },
  ],
};
