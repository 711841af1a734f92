/** One call of a process, as strace saw it. */
export interface TracedCall {
  thread: string;
  /** Lines of the log on which it begins and ends. */
  began: number;
  ended: number;
  name: string;
  /** Paths that it names, as they were written, and those of descriptors that it was given. */
  paths: string[];
  /** What it was given, as strace writes it. */
  input: string;
  /** What it was answered. */
  output: string;
}

/**
 * Reads what `strace -f -y -o` has written about one process and its threads: calls in the order of their beginnings.
 * Child processes are left out, and calls that never returned.
 */
export function readTracedCalls(log: string): TracedCall[] {
  const calls: (TracedCall | undefined)[] = [];
  const unfinished = new Map<string, { text: string; began: number; place: number }>();
  for (const [number, line] of log.split("\n").entries()) {
    const [, thread, text] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || text === undefined) continue;
    const cut = /^(.*)<unfinished \.\.\.>$/.exec(text)?.[1];
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    if (cut !== undefined)
      unfinished.set(thread, { text: cut.trimEnd(), began: number, place: calls.push(undefined) - 1 });
    else if (rest === undefined) calls.push(readCall(thread, text, number, number));
    else {
      const begun = unfinished.get(thread);
      unfinished.delete(thread);
      if (begun !== undefined) calls[begun.place] = readCall(thread, begun.text + rest, begun.began, number);
    }
  }
  const all = calls.filter((call) => call !== undefined);
  const strangers = threadsOfChildren(all);
  return all.filter(({ thread }) => !strangers.has(thread));
}

function readCall(thread: string, text: string, began: number, ended: number): TracedCall | undefined {
  const [, name, input, output] = /^(\w+)\((.*)\) += (.*)$/.exec(text) ?? [];
  if (name === undefined || input === undefined || output === undefined) return undefined;
  // Not of AT_FDCWD, which is written alike.
  const opened = [...input.matchAll(/(?<=^|[ ,])\d+<(\/[^>]*)>/g)].map(([, path]) => path as string);
  const named = [...input.matchAll(/(?<=^|, )"(\/[^"]*)"(?=,|$)/g)].map(([, path]) => path as string);
  return { thread, began, ended, name, paths: [...named, ...opened], input, output };
}

/** A thread is started before any call of its own ends: parents come before what they have started. */
function threadsOfChildren(calls: readonly TracedCall[]): Set<string> {
  const strangers = new Set<string>();
  for (const { thread, name, input, output } of calls) {
    const isThread = input.includes("CLONE_THREAD");
    if (/^(clone3?|v?fork)$/.test(name) && (!isThread || strangers.has(thread))) strangers.add(output);
  }
  return strangers;
}
