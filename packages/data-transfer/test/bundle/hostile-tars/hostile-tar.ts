import { file, member, paxRecord, tar } from "../tar-forge.ts";

/** A tar that has to be refused, and how the refusal is to look. */
export interface HostileTar {
  what: string;
  bytes: Buffer;
  code: string;
  /** Of CDT-UNSAFE-MEMBER. */
  rule?: string;
  /** No entry is at hand where the harm is, so that the refusal names none. */
  nameless?: true;
}

/** Refused for one of its members, which stand between two good ones. */
export function unsafe(rule: string, what: string, ...members: Buffer[]): HostileTar {
  return {
    ...{ what, code: "CDT-UNSAFE-MEMBER", rule },
    bytes: tar(file("good", "good"), ...members, file("behind", "behind")),
  };
}

export function duplicate(what: string, ...members: Buffer[]): HostileTar {
  return { what, code: "CDT-DUPLICATE-MEMBER", bytes: tar(...members) };
}

/** Refused for something in a header, or in what belongs to it. */
export function damaged(what: string, ...members: Buffer[]): HostileTar {
  return { what, code: "CDT-TAR-DAMAGED", bytes: tar(file("good", "good"), ...members) };
}

/** Refused for what it is as a whole. */
export function noTar(what: string, bytes: Buffer): HostileTar {
  return { what, bytes, code: "CDT-TAR-DAMAGED", nameless: true };
}

export function beyond(what: string, ...members: Buffer[]): HostileTar {
  return { what, bytes: tar(...members), code: "CDT-TAR-LIMIT" };
}

/** A field of twelve bytes in GNU's base 256 that begins like this. */
export function base256(...first: number[]): Buffer {
  return Buffer.concat([Buffer.from(first), Buffer.alloc(12 - first.length)]);
}

/** A pax header whose records are written as they stand. */
export function paxBody(body: string | Buffer, type = "x"): Buffer {
  return member({ name: "PaxHeader", type }, body);
}

/** A pax header with one keyword several times. */
export function paxTwice(keyword: string, ...values: string[]): Buffer {
  return paxBody(Buffer.concat(values.map((value) => paxRecord(keyword, value))));
}
