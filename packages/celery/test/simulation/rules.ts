/** A promise that was broken. */
export class Violation extends Error {
  readonly rule: Rule;
  constructor(rule: Rule, text: string) {
    super(`${rule}: ${text}`);
    this.rule = rule;
  }
}

export type Rule = keyof typeof rules;

/** What must always hold. */
export const rules = {
  gone: "a published message is acknowledged, in a queue, held, parked or dead-lettered (or fell into Python's own hole)",
  "two-places": "a message is in one place at a time",
  "came-back": "what was acknowledged or dead-lettered does not come back",
  "settled-anothers": "nobody settles or renews an entry that another holder holds",
  "refused-own": "who holds an entry can renew and settle it",
  "live-lease-restored": "a lease that has not ended is not given back by one of ours",
  "peer-took-live-lease":
    "a live, renewing worker of ours never loses a lease to a Python peer, however short its timeout",
  "peer-restored-early":
    "a peer's entry is given back by kombu's rule: after the visibility timeout, and not while a peer is at it",
  "lapsed-without-fault": "a lease ends unrenewed only after a fault of its holder",
  "ran-twice-without-fault": "a task runs twice only after something that explains it",
  "not-restored-in-time":
    "what a dead holder left is back in its queue half a lease after its lease has ended, while a worker of ours lives",
  "not-popped-in-time":
    "and popped again another half lease later, that is two leases after the death, if somebody has room for it",
  "parked-came-early": "a parked message comes back at its time, not before",
  "parked-came-late": "a parked message comes back soon after its time, while a worker of ours lives",
  "not-next": "what is given back is the next to be popped, the oldest first",
  "deaths-miscounted": "a message tells how many holders died over it, and not more",
  "not-finished": "in the end, when the faults have ceased, every message is acknowledged or dead-lettered",
  unexpected: "nothing changes what is held but the scripts and rules known here",
} as const;
