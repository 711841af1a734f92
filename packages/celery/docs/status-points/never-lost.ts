import type { StatusPoint } from "./status-point.ts";

const peers = "test/broker/redis-peers.test.ts";

export const neverLost: StatusPoint = {
  title: "Never lost, never needlessly twice",
  promises: [
    {
      promise: "Taking and recording is one step; the entry is kombu's, and lies one lease in the future.",
      tests: [[peers, "the entry is kombu's, with our mark in it, and its score lies one lease in the future"]],
    },
    {
      promise: "A task longer than its lease, or than any peer's visibility timeout, runs once.",
      tests: [
        ["test/worker/lease.test.ts", "a task longer than its lease keeps it, and all leases are renewed in one call"],
        [
          "test/interop/leases.test.ts",
          "our task runs once although it is longer than the visibility timeout of Python workers that come and look",
        ],
        ["test/interop/leases.test.ts", "a 30 s Python task beside our worker with a 2 s lease runs exactly once"],
      ],
    },
    {
      promise: "Renewing, acknowledging and giving back touch only what is ours; otherwise the answer is LOST.",
      tests: [
        [
          "test/broker/broker.conformance.ts",
          "who has lost a message to another holder is told so, and touches nothing",
        ],
        [
          "test/broker/broker.conformance.ts",
          "a lease older than its length is lost without asking; the message is given back",
        ],
        [
          "test/interop/leases.test.ts",
          "our worker was frozen until Python took its message over: LOST, and Python's entry stays as it is",
        ],
        [
          peers,
          "a peer that restored our message and took it again keeps it, although its entry still carries our mark",
        ],
      ],
    },
    {
      promise: "A killed worker's tasks run elsewhere within two leases; the lease may be as short as two seconds.",
      tests: [
        ["test/worker/redis.test.ts", "kill -9 in the middle of a task: another worker runs it within two leases"],
      ],
    },
    {
      promise: "Other consumers' entries are touched only by kombu's own rule.",
      tests: [
        [
          peers,
          "others' entries are given back after kombu's visibility timeout, not before, however old our lease is",
        ],
      ],
    },
    {
      promise: "What goes back is the next to be taken, in its old order.",
      tests: [
        [
          "test/broker/broker.conformance.ts",
          "a requeued message is the next one popped, with both flags, whatever came meanwhile",
        ],
        [peers, "what one dead holder took in batches comes back in its old order, hundreds of messages too"],
      ],
    },
    {
      promise: "The next try is published and this one acknowledged in one step.",
      tests: [["test/broker/broker.conformance.ts", "a retry publishes the next try and settles this one"]],
    },
    {
      promise: "A message that has killed too many is put aside, as is what nobody can read; the next good one runs.",
      tests: [
        [
          "test/worker/acknowledging.test.ts",
          "a message that has killed more holders than allowed is put aside, and the next one runs",
        ],
        [
          "test/broker/broker.conformance.ts",
          "deaths are counted for ended leases and when told so, whoever takes the message next",
        ],
        [
          "test/broker/broker.conformance.ts",
          "what is no message at all can be popped, given back and put aside, and the next good one comes",
        ],
      ],
    },
    {
      promise: "Dead letters are listed, shown, put back and dropped.",
      tests: [
        [
          "test/cli/dead-letters.test.ts",
          "dead letters are listed, shown, put back when their cause is mended, and thrown away",
        ],
        [
          "test/broker/parking.conformance.ts",
          "a dead letter can be found, sent back with its deaths forgotten, and dropped, each once",
        ],
      ],
    },
    {
      promise: "Redis Cluster is refused with a sentence.",
      tests: [["test/broker/connection.test.ts", "a node of a Redis Cluster is refused with a sentence"]],
    },
  ],
};
