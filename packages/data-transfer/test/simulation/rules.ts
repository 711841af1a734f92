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
  "incomplete-tree":
    "what lies at a package's place is a whole tree, byte for byte, from the moment on that it appears",
  "not-durable": "what appears there is synced: its files, and its folders from the bottom up",
  "tree-changed": "a published tree is never written to, replaced, moved or removed while it is intact",
  "record-without-tree": "a package that is recorded as staged is there",
  "record-not-durable": "when a package is recorded, its name is on the disk as well",
  "sums-wrong": "when a package is recorded, the list of its checksums lies beside it, whole",
  "recorded-twice": "an item is completed once",
  "files-not-recorded": "with a package all its files are recorded, and nothing else",
  "recorded-damaged": "what was damaged before an attempt began is not recorded by it",
  "recorded-by-another": "who records a package holds the claim of its item",
  "acknowledged-early": "a message is acknowledged when its task has ended, and not before",
  "acknowledged-undone":
    "after that its item is done, or stands where a manager, a sweep or another worker's claim finds it",
  "false-result":
    "nobody reads SUCCESS of an item or a job that is not completed, or FAILURE of one that has not failed",
  "failed-without-cause":
    "an item fails when it was cancelled, or when as many attempts were hit as the settings allow",
  "claim-overlap": "while a claim lasts nobody else gets it, or ends it",
  "not-finished":
    "when the faults have ceased, every item is completed or has failed, in the time that leases and pauses take",
  "message-left": "and no message of it is left",
  leftover: "and no private folder, draft or quarantine of an intact tree is left",
  "broken-product": "no error that nobody foresaw",
} as const;
