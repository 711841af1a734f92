import { resolve } from "node:path";
import type { Operation } from "./power-loss-model.ts";

/**
 * Reads what `strace -f -y -s 0 -ttt` has written: what was done to files and directories at and below `root`. Calls that
 * failed have done nothing.
 *
 * @returns `lied`: paths of syncs that strace has answered itself
 * @throws Error for a call that changes files in a way that is not known here
 */
export function readStraceLog(log: string, root: string): { operations: Operation[]; lied: string[] } {
  const operations: Operation[] = [];
  const lied: string[] = [];
  const descriptors = new Map<string, string>();
  const unfinished = new Map<string, { text: string; began: number }>();

  for (const [number, line] of log.split("\n").entries()) {
    const [, thread = "", text = ""] = /^(\d+) +[\d.]+ (.*)$/.exec(line) ?? [];
    const cut = /^(.*) <unfinished \.\.\.>$/.exec(text);
    if (cut !== null) {
      unfinished.set(thread, { text: cut[1] as string, began: number });
      continue;
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    if (rest === undefined) take(text, number, number);
    else {
      const { text: first, began } = unfinished.get(thread) as { text: string; began: number };
      unfinished.delete(thread);
      take(first + rest, began, number);
    }
  }
  return { operations, lied };

  function take(text: string, began: number, ended: number): void {
    const [, call, input, output] = /^(\w+)\((.*)\) += (.*)$/.exec(text) ?? [];
    if (call === undefined || input === undefined || output === undefined || output.startsWith("-1 ")) return;
    // Where it is a number of an open file, as it was when the call was made.
    const opened = /^(\d+)<(\/[^>]*)>/.exec(call === "openat" ? output : input);
    if (call === "openat" && opened !== null) descriptors.set(opened[1] as string, opened[2] as string);
    const isDeleted = input.includes("(deleted)");
    const names = [...input.matchAll(/(?<=^|, )"([^"]*)"(?!\.\.\.)/g)].map(([, name]) =>
      absolute(name as string, input),
    );
    const path = names[0] ?? opened?.[2] ?? "";
    if (![path, names[1] ?? path].some(isBelow) || isDeleted) return;
    const add = (...parts: DoneBy[]) => operations.push(...parts.map((part) => ({ ...part, began, ended, path })));
    switch (call) {
      case "openat":
        if (input.includes("O_CREAT")) add({ call: "create" });
        if (input.includes("O_TRUNC")) add({ call: "truncate", size: 0 });
        return;
      case "mkdir":
      case "mkdirat":
        return void add({ call: "mkdir" });
      case "write":
        return void add({ call: "write", at: undefined, length: Number.parseInt(output, 10) });
      case "pwrite64":
        return void add({ call: "write", at: lastNumber(input), length: Number.parseInt(output, 10) });
      case "ftruncate":
        return void add({ call: "truncate", size: lastNumber(input) });
      case "fsync":
      case "fdatasync":
        if (output.includes("(INJECTED)")) lied.push(path);
        else add({ call: "sync" });
        return;
      case "syncfs":
        return void add({ call: "sync all" });
      case "rename":
      case "renameat":
      case "renameat2":
        return void add({ call: "rename", to: names[1] as string });
      case "unlink":
      case "unlinkat":
      case "rmdir":
        return void add({ call: "remove" });
      default:
        throw new Error(`not known: ${text}`);
    }
  }

  function isBelow(path: string): boolean {
    return path === root || path.startsWith(`${root}/`);
  }

  /** Some paths begin at an open directory, in one way or the other. */
  function absolute(path: string, input: string): string {
    const [, descriptor, rest] = /^\/proc\/self\/fd\/(\d+)\/(.*)$/.exec(path) ?? [];
    if (descriptor !== undefined) return resolve(descriptors.get(descriptor) ?? "/", rest as string);
    const [, directory] = /^\w+<(\/[^>]*)>, "/.exec(input) ?? [];
    return resolve(directory ?? "/", path);
  }
}

type WithoutPlace<T> = T extends unknown ? Omit<T, "began" | "ended" | "path"> : never;
type DoneBy = WithoutPlace<Operation>;

function lastNumber(input: string): number {
  return Number(/(\d+)$/.exec(input)?.[1]);
}
