import { type SafetyRule, UnsafeMember, UnsafeName } from "../errors/package.ts";
import { checkMemberPath, escapeName, hasDeceivingCharacter } from "./names.ts";

/** The rules that somebody can waive for a package: links are then told of, and still not made. */
export const waivableRules = ["symbolic-link", "hard-link"] as const satisfies readonly SafetyRule[];

/** Longest target of a link on Linux, with the NUL behind it. */
const targetMax = 4095;

/**
 * Makes sure that a link would do no harm to somebody who makes it from our record of it.
 *
 * A hard link names an entry of its package, by the rules for names of entries. A symbolic link leads to some place in
 * its package, too, and goes up (`..`) only at the beginning of its target: there each step leads to a true folder, since
 * nothing lies below a link. So it stays inside whatever the package's other links are.
 *
 * @param path of the link
 * @throws UnsafeMember with the rule `link-escapes`
 */
export function checkTarget(link: "symbolic" | "hard", target: string, path: string, offset: number): void {
  const refuse = (why: string, cause?: unknown): never => {
    const facts = { rule: "link-escapes", offset, name: escapeName(path), target: escapeName(target) } as const;
    throw new UnsafeMember({ ...facts, why: `it is a link to "${facts.target}": ${why}` }, { cause });
  };
  if (link === "hard") {
    try {
      checkMemberPath(target);
    } catch (error) {
      if (!(error instanceof UnsafeName)) throw error;
      refuse(String(error.facts.why), error);
    }
    return;
  }
  if (target === "") refuse("it leads nowhere");
  if (hasDeceivingCharacter(target)) refuse("it has a control character");
  if (/^[A-Za-z]:|\\/.test(target)) refuse("it leads elsewhere on some systems");
  if (Buffer.byteLength(target) > targetMax) refuse(`it is longer than ${targetMax} bytes`);
  if (target.startsWith("/")) refuse("it leads to an absolute path");
  let up = 0;
  let down = false;
  for (const part of target.split("/")) {
    if (part === "..") {
      if (down) refuse("it goes up behind a name");
      up += 1;
    } else if (part !== "" && part !== ".") down = true;
  }
  // As many folders as there are above the link lie in the package.
  if (up >= path.split("/").length) refuse("it leads out of the package");
}
