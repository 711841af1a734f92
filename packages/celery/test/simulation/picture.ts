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

/** What is in `now` at the right end of a list beyond what it has in common with `before`: the next to be popped last. */
export function atHead(before: Picture, now: Picture, list: string): MessageName[] {
  const [old, new_] = [before.lists.get(list) ?? [], now.lists.get(list) ?? []];
  return old.every((name, i) => new_[i] === name) ? new_.slice(old.length) : [];
}
