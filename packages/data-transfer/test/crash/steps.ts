import type { TracedCall } from "./traced-calls.ts";

/** Where one package is staged by one attempt. */
export interface Place {
  /** The location's folder. */
  folder: string;
  /** Package's name. */
  name: string;
  item: number;
  attempt: number;
}

/** A call on the way of a package, so described that it can be met again on the way of another. */
export interface Step {
  call: string;
  /** What the call names, with stand-ins for all that differs from package to package. */
  path: string;
  /** The so-manieth such call of that name on that path in its thread, from 1. */
  when: number;
  /** Whether something may be different on the disk afterwards. */
  changes: boolean;
}

/** For people: `fsync {location}/staged, 2nd`. */
export function nameOf({ call, path, when }: Step): string {
  return `${call} number ${when} of ${path}`;
}

/** Every call below the location's folder, in their order: found in a trace, whatever they are. */
export function stepsIn(calls: readonly TracedCall[], place: Place): Step[] {
  const counts = new Map<string, number>();
  const steps = new Map<string, Step>();
  const descriptors = new Map<string, string>();
  for (const call of calls) {
    const opened = /^(\d+)<(\/[^>]*)>/.exec(call.output);
    const paths = [...new Set(call.paths)].filter((path) => isBelow(absolute(path, descriptors), place.folder));
    if (opened !== null) descriptors.set(opened[1] as string, opened[2] as string);
    for (const [index, concrete] of paths.entries()) {
      const path = templateOf(concrete, place);
      const key = `${call.thread} ${call.name} ${path}`;
      const when = (counts.get(key) ?? 0) + 1;
      counts.set(key, when);
      // The other paths of a call are only counted: strace does so, too.
      const step = { call: call.name, path, when, changes: changesSomething(call) };
      if (index === 0 && !steps.has(nameOf(step))) steps.set(nameOf(step), step);
    }
  }
  return [...steps.values()];
}

/** The paths by which strace knows the step again on the way of another package. */
export function pathsAt({ path }: Step, place: Place): string[] {
  const concrete = path
    .replaceAll("{location}", place.folder)
    .replaceAll("{here}", baseOf(place.folder))
    .replaceAll("{private}", privateNameOf(place))
    .replaceAll("{package}", place.name);
  if (!concrete.startsWith(throughDescriptor)) return [concrete];
  const below = concrete.slice(throughDescriptor.length).replace(/^\*/, "");
  return Array.from({ length: mostDescriptors }, (_, number) => `${throughDescriptor}${number}${below}`);
}

const throughDescriptor = "/proc/self/fd/";
/** Our processes have some forty of them. */
const mostDescriptors = 120;

function templateOf(path: string, place: Place): string {
  return path
    .replace(/^\/proc\/self\/fd\/\d+/, `${throughDescriptor}*`)
    .replace(
      new RegExp(`^${throughDescriptor.replaceAll("/", "\\/")}\\*/${baseOf(place.folder)}$`),
      `${throughDescriptor}*/{here}`,
    )
    .replaceAll(place.folder, "{location}")
    .replaceAll(privateNameOf(place), "{private}")
    .replaceAll(place.name, "{package}");
}

function absolute(path: string, descriptors: ReadonlyMap<string, string>): string {
  const [, descriptor, rest] = /^\/proc\/self\/fd\/(\d+)\/(.*)$/.exec(path) ?? [];
  if (descriptor === undefined) return path;
  return `${descriptors.get(descriptor) ?? ""}/${rest}`.replace(/\/\.$/, "");
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** The name in which design and documents agree, written here once more so that a change of it is noticed. */
function privateNameOf({ item, attempt }: Place): string {
  return `.staging-${item}-${attempt}`;
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Calls that only look, or give a descriptor back. Whatever is not known here counts as a change. */
function changesSomething({ name, input, output }: TracedCall): boolean {
  if (output.startsWith("-1 ")) return false;
  if (name === "openat") return /O_CREAT|O_TRUNC/.test(input);
  return !/^(close|f?stat|lstat|statx|newfstatat|statfs|fstatfs|access|faccessat2?|getdents64|read|pread64|readv|preadv|lseek|readlink|readlinkat|fcntl|mmap)$/.test(
    name,
  );
}
