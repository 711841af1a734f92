import { randomBytes } from "node:crypto";

/** One attempt at one item, whose things these are. */
export interface AttemptName {
  item: number;
  attempt: number;
}

/** Name of the private directory of one attempt at one item. */
export function privateName(item: number, attempt: number): string {
  return `.staging-${item}-${attempt}`;
}

/** The item and attempt that a private directory belongs to; undefined for any other name. */
export function parsePrivateName(name: string): AttemptName | undefined {
  return parse(/^\.staging-([1-9]\d*)-([1-9]\d*)$/, name);
}

/** A name, never given before, under which a private directory is removed: out of the reach of whoever believes that it is his. */
export function graveName(item: number, attempt: number): string {
  return `.staging-removed-${item}-${attempt}-${randomBytes(4).toString("hex")}`;
}

export function parseGraveName(name: string): AttemptName | undefined {
  return parse(/^\.staging-removed-([1-9]\d*)-([1-9]\d*)-[0-9a-f]{8}$/, name);
}

/** Where an attempt that finds its package there already writes the list of checksums, until it is whole. */
export function sumsDraftName(item: number, attempt: number): string {
  return `.staging-sums-${item}-${attempt}`;
}

export function parseSumsDraftName(name: string): AttemptName | undefined {
  return parse(/^\.staging-sums-([1-9]\d*)-([1-9]\d*)$/, name);
}

function parse(pattern: RegExp, name: string): AttemptName | undefined {
  const match = pattern.exec(name);
  return match === null ? undefined : { item: Number(match[1]), attempt: Number(match[2]) };
}
