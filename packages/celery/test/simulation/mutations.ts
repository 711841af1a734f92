import type { Kind } from "./generate.ts";
import type { Rule } from "./rules.ts";

/** A guard taken out of the scripts, and what must be seen then. */
export interface Mutation {
  /** What is wrong with the scripts. */
  name: string;
  /** Text of a script, and what stands there instead. */
  changes: [from: string, to: string][];
  kinds: Kind[];
  /** Any of these is a catch. */
  caughtAs: Rule[];
}

const ownTag: [string, string] = [
  "(delivery_tag or 'unreadable') .. '-' .. holder .. '-' .. n",
  "delivery_tag or 'unreadable-' .. holder .. '-' .. n",
];

export const mutations: Mutation[] = [
  {
    name: "an entry lies under the message's own delivery tag",
    changes: [ownTag],
    kinds: ["mixed"],
    caughtAs: ["peer-took-live-lease", "gone"],
  },
  {
    name: "whoever knows the delivery tag may settle, without the holder's mark",
    changes: [ownTag, [`not entry:find('"cdt_holder":"' .. holder .. '"', 1, true)`, "false"]],
    kinds: ["ours"],
    caughtAs: ["settled-anothers"],
  },
  {
    name: "what is parked can still be settled",
    changes: [["return ends and ends == redis.call('ZSCORE', list or KEYS[3], tag)", "return ends"]],
    kinds: ["ours"],
    caughtAs: ["settled-anothers"],
  },
  {
    name: "the score is when a message was taken, as kombu has it",
    changes: [["from + seconds + n / 1000000", "from + n / 1000000"]],
    kinds: ["mixed"],
    caughtAs: ["live-lease-restored", "peer-took-live-lease"],
  },
  {
    name: "a lease is not prolonged",
    changes: [["if kept then\n    scores", "if false then\n    scores"]],
    kinds: ["ours"],
    caughtAs: ["live-lease-restored"],
  },
  {
    name: "leases that still last are given back",
    changes: [
      ["ARGV[4] ~= '' and ARGV[4] or ('%.6f'):format(lease.now())", "'+inf'"],
      ["('%.6f'):format(upto - ARGV[1])", "'-inf'"],
    ],
    kinds: ["ours"],
    caughtAs: ["live-lease-restored", "parked-came-early"],
  },
  {
    name: "what dead holders left is not looked for",
    changes: [["give_back_ours(KEYS[3], function", "give_back_ours('nothing', function"]],
    kinds: ["deaths"],
    caughtAs: ["not-restored-in-time"],
  },
  {
    name: "peers' entries are given back without their visibility timeout",
    changes: [["('%.6f'):format(upto - ARGV[1])", "upto"]],
    kinds: ["mixed"],
    caughtAs: ["peer-restored-early"],
  },
  {
    name: "peers' entries are given back while a peer is at it",
    changes: [["redis.call('EXISTS', KEYS[5]) == 0", "true"]],
    kinds: ["mixed"],
    caughtAs: ["peer-restored-early"],
  },
  {
    name: "peers' entries are never given back",
    changes: [["redis.call('EXISTS', KEYS[5]) == 0", "false"]],
    kinds: ["mixed"],
    caughtAs: ["not-finished"],
  },
  {
    name: "an acknowledgement is answered before it is looked at",
    changes: [
      [
        "answers[#answers + 1] = kept and 1 or 0\nend\nreturn answers",
        "answers[#answers + 1] = 1\nend\nreturn answers",
      ],
    ],
    kinds: ["ours", "mixed"],
    caughtAs: ["settled-anothers"],
  },
  {
    name: "a requeued message goes to the tail",
    changes: [
      [
        "redis.call('RPUSH', message.list(text, queue, cjson.decode(ARGV[3])), text)",
        "redis.call('LPUSH', message.list(text, queue, cjson.decode(ARGV[3])), text)",
      ],
    ],
    kinds: ["ours"],
    caughtAs: ["not-next"],
  },
  {
    name: "the oldest is given back first, to be popped last",
    changes: [
      [
        "redis.call('ZREVRANGEBYSCORE', set, before, '-inf', 'LIMIT', skipped, limit)",
        "redis.call('ZRANGEBYSCORE', set, '-inf', before, 'LIMIT', skipped, limit)",
      ],
    ],
    kinds: ["ours", "deaths"],
    caughtAs: ["not-next"],
  },
  {
    name: "what is requeued stays in unacked, too",
    changes: [["text)\nlease.drop(ARGV[1])\nreturn 1", "text)\nreturn 1"]],
    kinds: ["ours"],
    caughtAs: ["two-places", "unexpected"],
  },
  {
    name: "a retry is acknowledged and not published",
    changes: [["redis.call('LPUSH', KEYS[4], ARGV[3])", ""]],
    kinds: ["ours"],
    caughtAs: ["gone"],
  },
  {
    name: "a retry is published and not acknowledged",
    changes: [["redis.call('LPUSH', KEYS[4], ARGV[3])\nlease.drop(ARGV[1])", "redis.call('LPUSH', KEYS[4], ARGV[3])"]],
    kinds: ["ours"],
    caughtAs: ["two-places", "unexpected"],
  },
  {
    name: "a pop is not recorded",
    changes: [["redis.call('HSET', KEYS[1], tag", "redis.call('HSET', KEYS[1] .. '-elsewhere', tag"]],
    kinds: ["ours"],
    caughtAs: ["gone"],
  },
  {
    name: "a death is counted twice",
    changes: [["format(deaths + 1)", "format(deaths + 2)"]],
    kinds: ["deaths"],
    caughtAs: ["deaths-miscounted"],
  },
  {
    name: "a parked message is due at once",
    changes: [
      [
        "redis.call('ZADD', KEYS[2], due, tag)\n    redis.call('ZADD', KEYS[4], due, tag)",
        "redis.call('ZADD', KEYS[2], 1, tag)\n    redis.call('ZADD', KEYS[4], 1, tag)",
      ],
    ],
    kinds: ["ours"],
    caughtAs: ["parked-came-early"],
  },
  {
    name: "a parked message is on nobody's list",
    changes: [["redis.call('ZADD', KEYS[4], due, tag)", ""]],
    kinds: ["ours"],
    caughtAs: ["parked-came-late"],
  },
  {
    name: "a message that was given back keeps its entry",
    changes: [["redis.call('HDEL', KEYS[1], tag)", ""]],
    kinds: ["ours"],
    caughtAs: ["two-places", "unexpected"],
  },
];

/** Changes the scripts; `unused` tells which of the changes has found no text yet. */
export function mutate({ changes }: Mutation): { alter: (source: string) => string; unused: () => string[] } {
  const used = new Set<string>();
  return {
    alter: (source) =>
      changes.reduce((text, [from, to]) => {
        if (text.includes(from)) used.add(from);
        return text.replaceAll(from, to);
      }, source),
    unused: () => changes.map(([from]) => from).filter((from) => !used.has(from)),
  };
}
