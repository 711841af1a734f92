import type { StatusPoint } from "./status-point.ts";

const signals = "test/cli/worker-signals.test.ts";

export const lifecycle: StatusPoint = {
  title: "Lifecycle",
  promises: [
    {
      promise: "TERM and INT let running tasks end; exit code 0.",
      tests: [[signals, "… lets the running task end, leaves the others to others, and the exit code is 0"]],
    },
    {
      promise: "A second signal, and QUIT, are cold: running tasks are aborted and given back; exit code 1.",
      tests: [
        [
          signals,
          "INT again makes the shutdown cold: the running task is back at the head of its queue, the exit code is 1",
        ],
        [signals, "QUIT is cold at once, even for a task that does not listen"],
        [
          "test/cli/signals.test.ts",
          "a second signal makes a warm shutdown cold, and a third ends the process as it is",
        ],
      ],
    },
    {
      promise: "HUP restarts, USR1 dumps, REMAP_SIGTERM makes TERM cold, the soft shutdown has its time.",
      tests: [
        [signals, "HUP ends what runs and begins the same program anew in the same process"],
        [signals, "USR1 writes what the worker is doing to the log, and changes nothing"],
        [signals, "with REMAP_SIGTERM=SIGQUIT, TERM is cold"],
        [signals, "a soft shutdown gives running tasks their time before they are aborted"],
      ],
    },
    {
      promise: "Within the time of grace every unfinished task is done, or back at the head of its queue, by us.",
      tests: [
        [signals, "within the grace period the unfinished task is back at the head of its queue, by us"],
        [
          "test/worker/shutdown.test.ts",
          "when the grace is over, tasks are told to stop and their messages lie at the head again, in their old order",
        ],
        [
          "test/worker/shutdown.test.ts",
          "messages that wait for their eta go back at once, although a task still runs",
        ],
        [
          "test/worker/shutdown.test.ts",
          "a task that ends just after the stop lets nothing begin that was waiting for its slot",
        ],
        ["test/worker/shutdown.test.ts", "a message that is just being popped when the worker stops goes back, too"],
        [
          "test/pool/worker.test.ts",
          "a worker that must stop while a task computes ends its process, and the message is back",
        ],
      ],
    },
    {
      promise: "After any loss the worker reconnects, and is consuming within five seconds of the server's return.",
      tests: [
        [
          "test/broker/connection.test.ts",
          "a server that was down for twenty seconds is used again within five of its return",
        ],
        [
          "test/broker/connection.test.ts",
          "a network that swallowed everything for twenty seconds, new connections too, is used again within five of its return",
        ],
        [
          "test/worker/redis.test.ts",
          "a restarted Redis has forgotten scripts and bindings: both are there again, and work goes on",
        ],
      ],
    },
    {
      promise: "Half-open connections are noticed within ten seconds.",
      tests: [["test/broker/connection-half-open.test.ts", "half-open is noticed within ten seconds by …"]],
    },
    {
      promise: "Bindings are declared again after every reconnect, and when a flush is noticed.",
      tests: [
        [
          "test/broker/redis-outages.test.ts",
          "bindings are declared again after a reconnect, and when a flush is noticed",
        ],
        [
          "test/broker/redis-exchanges.test.ts",
          "after all connections were cut fanout queues and listeners hear again, and bindings of every kind are back",
        ],
      ],
    },
    {
      promise: "Tasks that ran through an outage are acknowledged afterwards.",
      tests: [
        [
          "test/worker/redis.test.ts",
          "cut connections: a running task goes on and is acknowledged, and the next message is taken",
        ],
        ["test/worker/redis.test.ts", "a task that ends while Redis is away is settled when Redis is back"],
      ],
    },
    {
      promise: "A worker whose broker is away when it is told to stop stops nevertheless.",
      tests: [
        [
          "test/worker/shutdown.test.ts",
          "a worker whose broker is away stops nevertheless, and leaves its messages to the end of their leases",
        ],
        [signals, "a worker that still looks for its broker ends at once when it is told to"],
      ],
    },
  ],
};
