import { type MessageName, nameIn } from "./message.ts";
import type { Keyspace } from "./redis/keyspace.ts";

/** Where every message lies. */
export interface Picture {
  /** By list, the next to be popped last. */
  lists: Map<string, MessageName[]>;
  /** By delivery tag. */
  unacked: Map<string, MessageName>;
  deadLetters: MessageName[];
}

export const nothing: Picture = { lists: new Map(), unacked: new Map(), deadLetters: [] };

export function takePicture(space: Keyspace, queues: readonly string[], deadLetters: string): Picture {
  const lists = new Map<string, MessageName[]>();
  for (const key of queues) {
    const texts = space.read(key, "list");
    if (texts) lists.set(key, texts.map(nameIn));
  }
  const unacked = new Map<string, MessageName>();
  for (const [tag, entry] of space.read("unacked", "hash") ?? []) unacked.set(tag, nameIn(entry));
  return { lists, unacked, deadLetters: (space.read(deadLetters, "list") ?? []).map(nameIn) };
}

/** How often each message is there. */
export function copies(picture: Picture): Map<MessageName, number> {
  const count = new Map<MessageName, number>();
  for (const name of [...[...picture.lists.values()].flat(), ...picture.unacked.values(), ...picture.deadLetters]) {
    count.set(name, (count.get(name) ?? 0) + 1);
  }
  return count;
}

/** What was popped from the lists. */
export function newlyMissing(before: Picture, now: Picture): MessageName[] {
  return [...before.lists].flatMap(([list, names]) => names.slice(now.lists.get(list)?.length ?? 0));
}

/** One of those that were given back to the heads of their lists, and is not there, or behind a younger one. */
export function outOfOrder(before: Picture, now: Picture, given: readonly { name: MessageName; ends: number }[]) {
  const oldestFirst = given.toSorted((a, b) => a.ends - b.ends);
  const heads = [...now.lists.keys()].map((list) => atHead(before, now, list).reverse());
  return given.find(({ name }) => {
    const head = heads.find((names) => names.includes(name));
    const wanted = oldestFirst.filter((other) => head?.includes(other.name)).map((other) => other.name);
    const found = head?.filter((other) => wanted.includes(other));
    return !found || found.some((other, i) => wanted[i] !== other);
  })?.name;
}

/** What is in `now` at the right end of a list beyond what it has in common with `before`: the next to be popped last. */
function atHead(before: Picture, now: Picture, list: string): MessageName[] {
  const [old, young] = [before.lists.get(list) ?? [], now.lists.get(list) ?? []];
  return old.every((name, i) => young[i] === name) ? young.slice(old.length) : [];
}
