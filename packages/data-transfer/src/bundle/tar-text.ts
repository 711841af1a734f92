import { UnsafeMember } from "../errors/package.ts";
import { escapeName } from "./names.ts";

/**
 * Decodes the name of a member, or where a link leads.
 *
 * @param offset of its header in the tar, for the error
 * @throws UnsafeMember where it is not valid UTF-8
 */
export function decodeName(bytes: Uint8Array, offset: number): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    const facts = { rule: "not-utf-8", offset, name: escapeName(bytes), why: "it is not valid UTF-8" } as const;
    throw new UnsafeMember(facts, { cause });
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
