/**
 * What may be left of a tree of files when the power fails, as strictly as POSIX allows: a pure model, in memory.
 *
 * - What is written, cut, made, renamed or removed is volatile at first: after a power failure it has happened or not, each
 *   for itself, in any order; of two changes to one name the later one counts.
 * - fsync of a file makes its bytes and its size durable, and not its name; fsync of a directory makes the names in it
 *   durable, and not what they name; syncfs makes all of that durable. Each speaks for what had returned before it began.
 * - A write that is not durable has happened in whole, in its first half, as a size without the bytes, or not at all.
 * - A rename lets the new name appear; the old one may still be there beside it. It is never gone without the new one.
 *
 * Bytes are known by their place: a file is whole when each place up to its end has been written.
 */
export interface PowerLossModel {
  /** To be called in the order of {@link inOrder}. @throws Error for what cannot be: a file that nobody has made */
  apply(operation: Operation): void;
  /** Shows every survivor that `look` can tell apart: what it does not ask for is not decided. */
  everySurvivor(look: (survivor: Survivor) => void): void;
}

/** One call; from `began` on it may have had its effect, from `ended` on it has. Both are places in the same log. */
export type Operation = { began: number; ended: number; path: string } & (
  | { call: "create" | "mkdir" | "sync" | "sync all" | "remove" }
  /** Without a place: at the end. */
  | { call: "write"; at: number | undefined; length: number }
  | { call: "truncate"; size: number }
  | { call: "rename"; to: string }
);

export interface Survivor {
  /** What lies at a path; undefined where there is nothing. */
  at(path: string): "a directory" | { size: number; whole: boolean } | undefined;
}

/** Survivors of one moment; more would mean that a test asks for too much at once. */
const mostSurvivors = 200_000;

/** @param root directory that exists and is durable, empty */
export function createPowerLossModel(root: string): PowerLossModel {
  const top: Node = { isFile: false, entries: new Map(), changes: [] };

  return {
    apply(operation) {
      const { began, ended, path } = operation;
      switch (operation.call) {
        case "mkdir":
        case "create":
          if (find(path) === undefined) {
            enter(path, { isFile: operation.call === "create", entries: new Map(), changes: [] }, ended);
          }
          return;
        case "remove":
          enter(path, undefined, ended);
          return;
        case "rename": {
          const made = enter(operation.to, known(path), ended);
          enter(path, undefined, ended, made);
          return;
        }
        case "write": {
          const { changes } = known(path);
          const at = operation.at ?? contentOf(changes.map((change) => ({ ...change, extent: "all" }))).size;
          changes.push({ what: { at, length: operation.length }, ended, durable: false });
          return;
        }
        case "truncate":
          known(path).changes.push({ what: { size: operation.size }, ended, durable: false });
          return;
        case "sync": {
          const { changes, entries } = known(path);
          for (const change of [...changes, ...[...entries.values()].flat()]) {
            if (change.ended < began) change.durable = true;
          }
          return;
        }
        case "sync all":
          syncAll(top, began);
      }
    },

    everySurvivor(look) {
      everyChoice((choose) => look(aSurvivor(choose)));
    },
  };

  function syncAll({ changes, entries }: Node, began: number): void {
    const named = [...entries.values()].flat();
    for (const change of [...changes, ...named]) if (change.ended < began) change.durable = true;
    for (const { node } of named) if (node !== undefined) syncAll(node, began);
  }

  function find(path: string): Node | undefined {
    return segmentsOf(path).reduce<Node | undefined>((node, name) => node?.entries.get(name)?.at(-1)?.node, top);
  }

  function known(path: string): Node {
    const node = find(path);
    if (node === undefined) throw new Error(`the log names ${path}, and nothing has made it`);
    return node;
  }

  function enter(path: string, node: Node | undefined, ended: number, needs?: Entry): Entry {
    const segments = segmentsOf(path);
    const name = segments.pop() as string;
    const { entries } = known(`${root}/${segments.join("/")}`);
    const slot = entries.get(name) ?? [];
    entries.set(name, slot);
    const entry: Entry = { node, ended, durable: false, slot, needs };
    slot.push(entry);
    return entry;
  }

  function segmentsOf(path: string): string[] {
    if (path !== root && !path.startsWith(`${root}/`)) throw new Error(`${path} does not lie below ${root}`);
    return path
      .slice(root.length)
      .split("/")
      .filter((name) => name !== "");
  }

  function aSurvivor(choose: (of: number) => number): Survivor {
    const decided = new Map<Entry[], number>();
    const contents = new Map<Node, { size: number; whole: boolean }>();

    return {
      at(path) {
        let node: Node | undefined = top;
        for (const name of segmentsOf(path)) {
          const slot: Entry[] = node.entries.get(name) ?? [];
          node = slot[decide(slot)]?.node;
          if (node === undefined) return undefined;
        }
        return node.isFile ? contentAfter(node) : "a directory";
      },
    };

    /** The last change of a name that has survived; -1 for none. */
    function decide(slot: Entry[]): number {
      const before = decided.get(slot);
      if (before !== undefined) return before;
      const first = slot.findLastIndex(({ durable }) => durable);
      const possible = slot
        .map((_, index) => index)
        .filter((index) => index >= first && (index === first || mayBe(slot[index] as Entry)));
      if (first === -1) possible.unshift(-1);
      const choice = possible[choose(possible.length)] as number;
      decided.set(slot, choice);
      return choice;
    }

    function mayBe({ needs }: Entry): boolean {
      return needs === undefined || decide(needs.slot) >= needs.slot.indexOf(needs);
    }

    function contentAfter(file: Node): { size: number; whole: boolean } {
      const content =
        contents.get(file) ??
        contentOf(
          file.changes.map((change) => ({ ...change, extent: change.durable ? "all" : anExtent(change, choose) })),
        );
      contents.set(file, content);
      return content;
    }
  }
}

/** The calls as the model takes them: changes may have their effect from their beginning on, syncing has it at its end. */
export function inOrder(operations: readonly Operation[]): Operation[] {
  const instant = ({ call, began, ended }: Operation) => (call.startsWith("sync") ? ended : began);
  return operations.toSorted((a, b) => instant(a) - instant(b));
}

interface Node {
  isFile: boolean;
  /** All that has happened to each name in a directory. */
  entries: Map<string, Entry[]>;
  /** All that has happened to the bytes of a file. */
  changes: Change[];
}

interface Entry {
  node: Node | undefined;
  ended: number;
  durable: boolean;
  /** The list that it stands in. */
  slot: Entry[];
  needs: Entry | undefined;
}

interface Change {
  what: { at: number; length: number } | { size: number };
  ended: number;
  durable: boolean;
}

const extents = ["none", "size", "half", "all"] as const;
type Extent = (typeof extents)[number];

function anExtent({ what }: Change, choose: (of: number) => number): Extent {
  if ("length" in what) return extents[choose(extents.length)] as Extent;
  return choose(2) === 0 ? "none" : "all";
}

function contentOf(changes: readonly (Change & { extent: Extent })[]): { size: number; whole: boolean } {
  let size = 0;
  let written: { from: number; to: number }[] = [];
  for (const { what, extent } of changes) {
    if (extent === "none") continue;
    if ("length" in what) {
      const { at, length } = what;
      const there = extent === "half" ? Math.floor(length / 2) : length;
      size = Math.max(size, at + there);
      if (extent !== "size") written.push({ from: at, to: at + there });
    } else {
      size = what.size;
      written = written.map(({ from, to }) => ({ from, to: Math.min(to, what.size) }));
    }
  }
  let end = 0;
  for (const { from, to } of written.toSorted((a, b) => a.from - b.from)) if (from <= end) end = Math.max(end, to);
  return { size, whole: end >= size };
}

/** Runs something again and again until each of its choices has been made in each way. */
function everyChoice(run: (choose: (of: number) => number) => void): void {
  const made: { taken: number; of: number }[] = [];
  for (let runs = 1; ; runs++) {
    if (runs > mostSurvivors) throw new Error(`more than ${mostSurvivors} survivors of one moment`);
    let depth = 0;
    run((of) => {
      if (depth === made.length) made.push({ taken: 0, of });
      return (made[depth++] as (typeof made)[number]).taken;
    });
    while (made.length > 0 && (made.at(-1) as (typeof made)[number]).taken + 1 === made.at(-1)?.of) made.pop();
    const last = made.at(-1);
    if (last === undefined) return;
    last.taken += 1;
  }
}
