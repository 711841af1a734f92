import { isDeepStrictEqual } from "node:util";
import type { Process } from "../../../celery/test/simulation/process.ts";
import { type DirectoryNode, type Disk, filesIn, type Node } from "./disk/disk.ts";
import { digestOf, type SimulatedPackage, stagedFolder, targetOf } from "./packages.ts";
import type { SimulatedPostgres } from "./postgres/server.ts";
import type { Values } from "./postgres/storage.ts";
import type { Instant } from "./postgres/values.ts";
import { type Rule, Violation } from "./rules.ts";

/** What a judge is told of the schedule. */
export interface Circumstances {
  /** How many attempts at an item may have been hit by a fault. */
  faults(): number;
  maxFailures: number;
}

/** Looks at disk and database after every change, and remembers what must not change. */
export class Judge {
  violation: Violation | undefined;
  readonly #disk: Disk;
  readonly #postgres: SimulatedPostgres;
  readonly #packages: readonly SimulatedPackage[];
  readonly #circumstances: Circumstances;
  /** The trees that lie where packages belong, as they appeared. */
  readonly #published = new Map<SimulatedPackage, DirectoryNode>();
  /** Packages whose tree somebody from outside has changed, and when. */
  readonly #damaged = new Map<SimulatedPackage, number>();
  /** When the latest attempt at an item began. */
  readonly #begun = new Map<number, number>();
  readonly #completed = new Set<number>();
  #items = new Map<number, Values>();
  #commits = -1;
  /** How often what happened, for those who look whether anything did. */
  readonly counts: Record<string, number> = {};

  constructor(
    disk: Disk,
    postgres: SimulatedPostgres,
    packages: readonly SimulatedPackage[],
    circumstances: Circumstances,
  ) {
    this.#disk = disk;
    this.#postgres = postgres;
    this.#packages = packages;
    this.#circumstances = circumstances;
    disk.onChange = (what, node, path) => this.#watch(() => this.#diskChanged(what, node, path));
  }

  /** The first promise that was broken counts; it must not be caught by the code that is judged. */
  #watch(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation ??= error;
    }
  }

  break(rule: Rule, text: string): void {
    this.#watch(() => {
      throw new Violation(rule, text);
    });
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** Somebody from outside changes a published file. False when there is none. */
  damage(one: SimulatedPackage): boolean {
    const tree = this.#published.get(one);
    if (!tree) return false;
    const [file] = filesIn(tree).values();
    if (!file) return false;
    file.bytes = Buffer.from("damaged");
    this.#damaged.set(one, this.#postgres.now());
    return true;
  }

  // ---- The disk ----

  #diskChanged(what: string, node: Node, path: string): void {
    for (const one of this.#packages) {
      const before = this.#published.get(one);
      const there = this.#disk.lookUp(targetOf(one));
      if (there !== before) this.#appeared(one, before, there);
      else if (before && !this.#damaged.has(one) && what !== "moded" && contains(before, node)) {
        throw new Violation("tree-changed", `${path} of the published ${one.name} was ${what}`);
      }
    }
  }

  #appeared(one: SimulatedPackage, before: DirectoryNode | undefined, there: Node | undefined): void {
    if (before && !this.#damaged.has(one)) {
      throw new Violation("tree-changed", `${one.name} was published, and is ${there ? "another" : "gone"} now`);
    }
    this.#published.delete(one);
    if (!there) return;
    this.#damaged.delete(one);
    const difference = this.#difference(one, there);
    if (difference) throw new Violation("incomplete-tree", `${one.name} appears, and ${difference}`);
    const volatile = unsynced(there as DirectoryNode);
    if (volatile !== undefined)
      throw new Violation("not-durable", `${one.name} appears, and ${volatile} is not synced`);
    this.#published.set(one, there as DirectoryNode);
    this.count("published");
  }

  #difference({ files }: SimulatedPackage, there: Node): string | undefined {
    if (there.kind !== "directory") return "it is no folder";
    const found = filesIn(there);
    for (const { path, bytes } of files) {
      const file = found.get(path);
      if (!file) return `${path} is missing`;
      if (!file.bytes.equals(bytes)) return `${path} is wrong`;
      found.delete(path);
    }
    return found.size > 0 ? `${[...found.keys()]} is too much` : undefined;
  }

  // ---- The database ----

  /** After every statement: looks at what was committed since. */
  stated(by: Process): void {
    if (this.#commits === this.#postgres.storage.now) return;
    this.#commits = this.#postgres.storage.now;
    this.#watch(() => this.#committed(by));
  }

  #committed(by: Process): void {
    for (const item of this.#postgres.committed("staging_item")) {
      const before = this.#items.get(item.id as number);
      if (before === item) continue;
      this.#items.set(item.id as number, item);
      this.#itemChanged(before, item, by);
    }
    for (const copy of this.#postgres.committed("physical_copy")) {
      const one = copy.status === "staged" && this.#packages.find(({ id }) => id === copy.raw_data_package_id);
      if (!one || this.#damaged.has(one)) continue;
      if (!this.#published.has(one))
        throw new Violation("record-without-tree", `${one.name} is recorded, and not there`);
    }
  }

  #itemChanged(before: Values | undefined, after: Values, by: Process): void {
    const name = `item ${after.id}`;
    if (before && before.status !== after.status) this.count(String(after.status));
    if (before?.status === "completed")
      throw new Violation("recorded-twice", `${name}, completed, is changed by ${by.name}`);
    if (after.status === "completed") this.#itemCompleted(before, after, by);
    if (after.attempt_id !== before?.attempt_id) this.#begun.set(after.id as number, this.#postgres.now());
    if (before?.status === "in_progress") this.#claimTouched(before, after, by);
    if (after.status === "failed" && before?.status !== "failed") this.#itemFailed(after);
  }

  /** Another process may take a claim, or end it, when it is over. */
  #claimTouched(before: Values, after: Values, by: Process): void {
    const isTaken = after.attempt_id !== before.attempt_id;
    if (isTaken) this.count("taken over");
    const isEnded = after.status !== "in_progress" && before.claimed_by !== by.name;
    const left = (before.lease_until as Instant).ms - this.#postgres.now();
    if ((isTaken || isEnded) && left > 0) {
      throw new Violation(
        "claim-overlap",
        `${by.name} takes or ends the claim of item ${after.id}, ${left} ms too early`,
      );
    }
  }

  #itemCompleted(before: Values | undefined, after: Values, by: Process): void {
    const name = `item ${after.id}`;
    if (this.#completed.has(after.id as number)) throw new Violation("recorded-twice", name);
    this.#completed.add(after.id as number);
    if (before?.status !== "in_progress" || before.attempt_id !== after.attempt_id || before.claimed_by !== by.name) {
      const claim = `${before?.status} by ${before?.claimed_by}`;
      throw new Violation("recorded-by-another", `${name}, ${claim}, is completed by ${by.name}`);
    }
    const one = this.#packages.find(({ id }) => id === after.raw_data_package_id)!;
    if (!this.#published.has(one)) throw new Violation("record-without-tree", `${one.name} is recorded, and not there`);
    const damaged = this.#damaged.get(one);
    if (damaged !== undefined && damaged < this.#begun.get(after.id as number)!) {
      throw new Violation("recorded-damaged", `${one.name} had been damaged before the attempt that records it`);
    }
    const sums = this.#disk.lookUp(`${targetOf(one)}.sha256`);
    const lines = sums?.kind === "file" ? sums.bytes.toString().split("\n").slice(0, -1).sort() : [];
    if (!isDeepStrictEqual(lines, sumLines(one)))
      throw new Violation("sums-wrong", `${one.name}: ${lines.length} lines`);
    const folder = this.#disk.lookUp(stagedFolder);
    if (folder?.kind === "directory" && folder.unsynced.has(one.name)) {
      throw new Violation("record-not-durable", `${one.name} is recorded, and its name is not synced`);
    }
    this.#filesRecorded(one);
  }

  #filesRecorded(one: SimulatedPackage): void {
    const copies = this.#postgres.committed("physical_copy").filter(({ status }) => status !== "deleted");
    const files = this.#postgres.committed("raw_data_file").filter((file) => file.raw_data_package_id === one.id);
    const packages = copies.filter((copy) => copy.raw_data_package_id === one.id && copy.status === "staged");
    if (packages.length !== 1) throw new Violation("files-not-recorded", `${one.name} has ${packages.length} records`);
    for (const file of files) {
      const recorded = copies.filter((copy) => copy.raw_data_file_id === file.id && copy.status === "present");
      if (recorded.length !== 1) {
        throw new Violation("files-not-recorded", `${file.path} of ${one.name} has ${recorded.length} records`);
      }
    }
  }

  #itemFailed(item: Values): void {
    const { faults, maxFailures } = this.#circumstances;
    if (item.reason === "cancelled") return;
    const byFaults =
      item.reason === "worker_lost" || item.reason === "transient" || item.reason === "unreadable_source";
    if (byFaults && (item.failures as number) + 1 >= maxFailures && faults() >= maxFailures) return;
    throw new Violation("failed-without-cause", `item ${item.id}: ${item.reason}, ${item.error_text}`);
  }

  /** The item whose message has this id. */
  itemOf(taskId: string): Values | undefined {
    return this.#items.values().find((item) => item.task_id === taskId);
  }

  isRecorded(one: SimulatedPackage): boolean {
    return this.#postgres
      .committed("physical_copy")
      .some((copy) => copy.raw_data_package_id === one.id && copy.status === "staged");
  }

  /** Somebody who waits for an item, or for a job, may read this now. */
  resultStored(taskId: string, status: string): void {
    const end = { SUCCESS: "completed", FAILURE: "failed" }[status];
    const what = this.itemOf(taskId) ?? this.#jobOf(taskId);
    if (end === undefined || !what || what.status === end) return;
    const name = what.package_name === undefined ? "job" : "item";
    this.break("false-result", `${name} ${what.id} is ${what.status}, and its result says ${status}`);
  }

  #jobOf(taskId: string): Values | undefined {
    return this.#postgres.committed("staging_job").find(({ id }) => taskId === `job-${id}`);
  }

  // ---- The end ----

  get unfinished(): Values[] {
    return [...this.#items.values()].filter(({ status }) => status !== "completed" && status !== "failed");
  }

  end(messages: number): void {
    this.#watch(() => {
      for (const { id, status, reason, error_text: text } of this.unfinished) {
        throw new Violation("not-finished", `item ${id} is ${status} (${reason}: ${text})`);
      }
      for (const { id, status } of this.#postgres.committed("staging_job")) {
        if (status !== "completed" && status !== "failed")
          throw new Violation("not-finished", `job ${id} is ${status}`);
      }
      if (messages > 0) throw new Violation("message-left", `${messages} messages are left`);
      const folder = this.#disk.lookUp(stagedFolder);
      if (folder?.kind !== "directory") return;
      const names = new Set(this.#packages.map(({ name }) => name));
      for (const name of folder.entries.keys()) {
        const isSums = names.has(name.replace(/\.sha256$/, ""));
        const isDraft = /^\.package-\d+\.sha256\./.test(name);
        if (isDraft) this.count("drafts of checksum lists left");
        if (!isSums && !isDraft && !this.#isAllowedQuarantine(name)) throw new Violation("leftover", name);
      }
    });
  }

  /** What was damaged from outside is kept to be looked at. */
  #isAllowedQuarantine(name: string): boolean {
    const quarantined = /^\.quarantine-(.*)-\d+$/.exec(name)?.[1];
    const one = this.#packages.find((each) => each.name === quarantined);
    return one !== undefined && this.#difference(one, this.#disk.lookUp(`${stagedFolder}/${name}`)!) !== undefined;
  }
}

function sumLines({ name, files }: SimulatedPackage): string[] {
  return files.map(({ path, bytes }) => `${digestOf(bytes)}  ${name}/${path}`).sort();
}

function contains(directory: DirectoryNode, node: Node): boolean {
  if (directory === node) return true;
  return directory.entries.values().some((one) => one === node || (one.kind === "directory" && contains(one, node)));
}

/** The first that is not durable. */
function unsynced(directory: DirectoryNode, below = ""): string | undefined {
  for (const [name, node] of directory.entries) {
    if (node.kind === "file" && !node.synced) return below + name;
    const found = node.kind === "directory" ? unsynced(node, `${below}${name}/`) : undefined;
    if (found !== undefined) return found;
  }
  return directory.unsynced.size === 0 ? undefined : below || "the folder itself";
}
