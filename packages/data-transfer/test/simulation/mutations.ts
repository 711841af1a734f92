// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources
import type { Kind } from "./generate.ts";
import type { Change } from "./product/load.ts";
import type { Rule } from "./rules.ts";

/** A guard taken out of the sources, and what must be seen then. */
export interface Mutation {
  /** What is wrong with them. */
  name: string;
  changes: Change[];
  kinds: Kind[];
  /** The first seed that is tried; 0 by default. Those before it are known to show nothing, and take their time. */
  first?: number;
  /** Any of these is a catch. */
  caughtAs: Rule[];
}

export const mutations: Mutation[] = [
  // ---- The claim ----
  {
    name: "an item is claimed while another's claim lasts",
    changes: [
      ["opsdb/claims.ts", "OR i.status = 'in_progress' AND i.lease_until < now())", "OR i.status = 'in_progress')"],
    ],
    kinds: ["duplicates"],
    caughtAs: ["claim-overlap"],
  },
  {
    name: "attempts are not counted: two have a private folder of the same name",
    changes: [["opsdb/claims.ts", "attempt = i.attempt + 1", "attempt = greatest(i.attempt, 1)"]],
    // Seldom seen since the folder of an earlier attempt is renamed before it is removed, whatever its name.
    first: 430,
    kinds: ["freezes"],
    caughtAs: ["incomplete-tree", "tree-changed", "not-durable", "broken-product"],
  },
  {
    name: "a renewal prolongs nothing",
    changes: [
      [
        "opsdb/claims.ts",
        "SET lease_until = now() + make_interval(secs => ${leaseSeconds}), bytes_done",
        "SET bytes_done",
      ],
    ],
    kinds: ["duplicates", "calm"],
    caughtAs: ["failed-without-cause", "not-finished"],
  },
  {
    name: "the sweep ends claims that last",
    changes: [["opsdb/sweep.ts", "lease_until < now() - make_interval", "lease_until < now() + make_interval"]],
    kinds: ["calm", "deaths"],
    caughtAs: ["claim-overlap"],
  },
  {
    name: "the sweep ends no claim",
    changes: [["opsdb/sweep.ts", "WHERE status = 'in_progress' AND lease_until", "WHERE false AND lease_until"]],
    kinds: ["deaths"],
    caughtAs: ["not-finished"],
  },
  {
    name: "one lost worker is the end of an item",
    changes: [["opsdb/sweep.ts", "failures + 1 >= ${maxFailures}", "failures + 1 >= least(1, ${maxFailures})"]],
    kinds: ["deaths"],
    caughtAs: ["failed-without-cause"],
  },
  {
    name: "a transaction may be idle for ever",
    changes: [["opsdb/database-options.ts", "-c idle_in_transaction_session_timeout=", "-c lock_timeout="]],
    first: 30,
    kinds: ["vanished"],
    caughtAs: ["not-finished"],
  },
  // ---- The disk ----
  {
    name: "a package is unpacked where it belongs",
    changes: [
      [
        "bundle/unpack.ts",
        'const tree = join(directory, "tree");',
        "const tree = join(directory, '..', manifest.package.name);",
      ],
    ],
    kinds: ["calm"],
    caughtAs: ["incomplete-tree"],
  },
  {
    name: "files are not synced before they appear",
    changes: [["bundle/large-file.ts", "await calls.fsync(descriptor);", ""]],
    kinds: ["calm"],
    caughtAs: ["not-durable"],
  },
  {
    name: "files that are to be synced together are not synced at all",
    changes: [["bundle/small-files.ts", "await together.sync();", ""]],
    kinds: ["calm"],
    caughtAs: ["not-durable"],
  },
  {
    name: "folders are not synced before they appear",
    changes: [["bundle/publish.ts", "await syncDirectories(directories);", ""]],
    kinds: ["calm"],
    caughtAs: ["not-durable"],
  },
  {
    name: "the folder above is not synced before the record",
    changes: [
      ["bundle/publish.ts", "  await syncDirectory(dirname(target));\n}", "}"],
      ["bundle/line-file.ts", "await syncDirectory(dirname(path));", ""],
    ],
    kinds: ["calm"],
    caughtAs: ["record-not-durable"],
  },
  {
    name: "what lies there already is not looked at before it is adopted",
    changes: [["staging/stage-package.ts", "if (report.intact) {", "if (report) {"]],
    kinds: ["damage"],
    caughtAs: ["recorded-damaged", "sums-wrong"],
  },
  {
    name: "an intact tree is put aside, and made anew",
    changes: [["staging/stage-package.ts", "if (report.intact) {", "if (false) {"]],
    kinds: ["calm"],
    caughtAs: ["tree-changed"],
  },
  {
    name: "a damaged tree is put aside by its name",
    changes: [["bundle/quarantine.ts", "const contents = `/proc/self/fd/${held.fd}`;", "const contents = target;"]],
    first: 40,
    kinds: ["damage"],
    caughtAs: ["tree-changed"],
  },
  {
    name: "the list of checksums is not written",
    changes: [["bundle/deliver-package.ts", "await sums.publish(sumFileOf(target, unpacked.sumAlgorithm));", ""]],
    kinds: ["calm"],
    caughtAs: ["sums-wrong"],
  },
  // ---- The record ----
  {
    name: "it is recorded before it is there",
    changes: [
      [
        "staging/task.ts",
        "const staging = stagePackage(",
        "await completeItem(db, claim, { alreadyThere: false, sourceCopyId: undefined });\n    const staging = stagePackage(",
      ],
    ],
    kinds: ["calm"],
    caughtAs: ["record-without-tree", "files-not-recorded", "recorded-twice"],
  },
  {
    name: "whoever had a claim once may end it",
    changes: [
      [
        "opsdb/claim-ends.ts",
        "SELECT 1 FROM staging_item WHERE id = ${item.id} AND attempt_id = ${attemptId} AND status",
        "SELECT 1 FROM staging_item WHERE id = ${item.id} AND status",
      ],
      [
        "opsdb/claim-ends.ts",
        "WHERE id = ${item.id} AND attempt_id = ${attemptId} AND status = 'in_progress'",
        "WHERE id = ${item.id} AND status = 'in_progress'",
      ],
    ],
    kinds: ["freezes", "database"],
    caughtAs: ["recorded-by-another", "claim-overlap"],
  },
  {
    name: "the item is completed, and the copy is not recorded",
    changes: [
      ["opsdb/claim-ends.ts", "if (await isUnderWay(tx, claim)) await recordCopies(tx, claim.item, targetKey);", ""],
    ],
    kinds: ["calm"],
    caughtAs: ["files-not-recorded"],
  },
  {
    name: "a job is not closed with its last item",
    changes: [["opsdb/job-end.ts", "status NOT IN ('completed', 'failed') AND NOT EXISTS", "false AND NOT EXISTS"]],
    kinds: ["calm"],
    caughtAs: ["not-finished"],
  },
  // ---- The message ----
  {
    name: "a message is acknowledged before the record",
    changes: [
      [
        "staging/task.ts",
        "return workOn(work, context, claimed);",
        "workOn(work, context, claimed).catch(() => {}); throw new Ignore('early');",
      ],
    ],
    kinds: ["calm"],
    caughtAs: ["acknowledged-undone"],
  },
  {
    name: "a worker that stops acknowledges what it gives back",
    changes: [
      [
        "staging/task.ts",
        'if (outcome.to === "scheduled") throw new Requeue(outcome.text);',
        'if (outcome.to === "scheduled") throw new Ignore(outcome.text);',
      ],
    ],
    kinds: ["calm"],
    caughtAs: ["acknowledged-undone"],
  },
  {
    name: "a message whose item another works on is answered with SUCCESS",
    changes: [["staging/task.ts", 'case "busy":\n', 'case "busy":\n      return resultOf(claimed.item);\n']],
    kinds: ["duplicates"],
    caughtAs: ["false-result"],
  },
  {
    name: "whoever asks after the end of a failed item reads SUCCESS",
    changes: [
      [
        "staging/task.ts",
        'if (item.status === "completed") return resultOf(item);',
        "if (item) return resultOf(item);",
      ],
    ],
    kinds: ["calm", "everything"],
    caughtAs: ["false-result"],
  },
  {
    name: "a message that cannot be looked up is a failure",
    changes: [["staging/task.ts", "throw isPassing ? new Requeue", "throw Number.isNaN(isPassing) ? new Requeue"]],
    kinds: ["database", "broker"],
    caughtAs: ["false-result"],
  },
  {
    name: "what the broker has lost is not rung again",
    changes: [["staging/sweep.ts", "held.has(item.taskId) || ", "true || held.has(item.taskId) || "]],
    kinds: ["broker"],
    caughtAs: ["not-finished"],
  },
];
