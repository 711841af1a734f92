import type { StatusPoint } from "./status-point.ts";

export const messages: StatusPoint = {
  title: "Messages",
  promises: [
    {
      promise: "Protocol 1, protocol 2 and the hybrid of both are read, as Python's producers of all ages send them.",
      tests: [
        ["test/message/protocols.test.ts", "protocol 1, the hybrid and protocol 2 say the same about the same task"],
        [
          "test/message/protocols.test.ts",
          "a body of protocol 1 may leave out all but task and id; taskset is the old name of group",
        ],
        [
          "test/message/python-messages.test.ts",
          "what Python's Celery sends is read as it was meant: both protocols, all serializers and compressions",
        ],
      ],
    },
    {
      promise: "Times are read in every form that peers write; naive ones are UTC, or local where the message says so.",
      tests: [
        ["test/message/protocols.test.ts", "naive times are UTC, or local where the message says utc: false"],
        ["test/message/python-messages.test.ts", "naive times of an application without UTC are local time"],
      ],
    },
    {
      promise: "JSON keeps kombu's typed values: dates, times, decimals, uuids, bytes.",
      tests: [
        [
          "test/message/json.test.ts",
          "the typed values of kombu 5.3 become values here, at any depth, and go back as they came",
        ],
        ["test/message/json.test.ts", "unknown types and bad values of known ones are refused with a reason"],
      ],
    },
    {
      promise:
        "Integers beyond 2^53 lose no digit, NaN and the infinities are numbers, lone surrogates stay what they are.",
      tests: [
        [
          "test/message/json.test.ts",
          "numbers keep every digit: integers of any size, NaN and the infinities, floats that look like integers",
        ],
        ["test/message/json.test.ts", "halves of surrogate pairs are kept"],
        ["test/message/json.test.ts", "Python reads from our JSON what we meant, and we read from its JSON the same"],
      ],
    },
    {
      promise: "MessagePack and YAML are read and written as Python does.",
      tests: [
        ["test/message/serializers.test.ts", "Python reads our MessagePack as we meant it, and we read its own"],
        ["test/message/serializers.test.ts", "PyYAML reads our YAML as we meant it, and we read its own"],
      ],
    },
    {
      promise: "zlib, bzip2, zstd, brotli and lzma are inflated; zlib, zstd and brotli are written, too.",
      tests: [
        ["test/message/compression.test.ts", "what Python compresses inflates here, and the other way round"],
        [
          "test/message/compression.test.ts",
          "what is compressed here inflates to the same, under each of kombu's names",
        ],
        [
          "test/message/compression.test.ts",
          "an unknown compression is refused by name; bzip2 and lzma are read but not written",
        ],
      ],
    },
    {
      promise: "Only serializers of accept_content are read; pickle never is: it is logged and put aside.",
      tests: [
        [
          "test/message/protocols.test.ts",
          "only serializers that are accepted are read, by name or content type; pickle never",
        ],
        [
          "test/worker/outcomes.test.ts",
          "messages that nobody here can run are put aside with a reason each, and the next good one runs",
        ],
      ],
    },
    {
      promise: "Size, inflated size, nesting and YAML's aliases are bounded.",
      tests: [
        ["test/message/compression.test.ts", "a body that inflates to more than it may is refused before it has"],
        [
          "test/message/compression.test.ts",
          "an xz body that asks for a huge dictionary is refused before anybody reserves it",
        ],
        ["test/message/json.test.ts", "depth is bounded in short texts and long ones, in plain and in odd numbers"],
        [
          "test/message/serializers.test.ts",
          "MessagePack that claims more than there is, is too deep, or holds what we have no like of, is refused",
        ],
        [
          "test/message/serializers.test.ts",
          "YAML's tags, anchors and documents are bounded; Python's tags and unknown ones are refused",
        ],
        ["test/message/task-message.test.ts", "what cannot be read is refused with its reason"],
      ],
    },
    {
      promise: "Keys such as __proto__ and constructor are plain data, wherever they are copied to.",
      tests: [
        ["test/message/json.test.ts", "__proto__ and constructor are keys like others"],
        [
          "test/message/task-message.test.ts",
          "keys that mean something to JavaScript are plain data, wherever they are copied",
        ],
        [
          "test/pool/pool.conformance.ts",
          "keys of an argument mean nothing to those who copy it, whatever they are called",
        ],
      ],
    },
    {
      promise: "A pattern that comes in a message cannot keep the worker busy.",
      tests: [["test/message/bounded-pattern.test.ts", "no pattern from a message can keep us busy"]],
    },
    {
      promise: "Headers that are not known are kept when a task is tried again, in every protocol.",
      tests: [
        [
          "test/worker/outcomes.test.ts",
          "Retry publishes the same task again with its unknown headers, and fails with the cause when no try is left",
        ],
        [
          "test/message/protocols.test.ts",
          "the next try of a protocol 1 message says so in its body, and keeps its serializer, compression and all it does not know",
        ],
      ],
    },
  ],
};
