/**
 * Lint of what no other tool looks at: files stay short enough to be read, nothing is left to do, and nothing names a
 * place that only one machine knows. The patterns are written such that they do not match themselves.
 */
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root, say, trackedFiles } from "./report.ts";

const mostLines = 400;

/** Read by people line by line; lists and documents may be longer. */
const source = /\.(ts|js|mjs|sh|lua|sql|py)$|(^|\/)Makefile$|^\.ci\/run$/;
const binary = /\.(png|gz|fits|tar|zip|pdf)$/;

const refused = [
  { pattern: /[.][.][/]shared\b/, what: "a folder beside the checkout", except: (file: string) => file === ".ci/run" },
  { pattern: /(^|[^\w.-])[/]work[/](main|shared|[.]library|[.]mirror)\b/, what: "a path of one machine" },
  {
    pattern: /registry[.](npmjs|yarnpkg)|(deb|security|snapshot)[.]debian[.]org|npm[m]irror/,
    what: "a package registry's host",
  },
  { pattern: /"resolved": "[h]ttp/, what: "a download address" },
  { pattern: /\b(TO[D]O|FIX[M]E)\b/, what: "a thing left to do" },
];

/** What a link leads to is a file of its own, or a folder. */
const isLink = (file: string) => lstatSync(join(root, file)).isSymbolicLink();

const files = trackedFiles().filter((file) => !binary.test(file) && !isLink(file));
for (const file of files) {
  const text = readFileSync(join(root, file), "utf8");
  const lines = text.split("\n");
  if (source.test(file) && lines.length - 1 > mostLines)
    fail(`${file} has ${lines.length - 1} lines; ${mostLines} is the most`);
  for (const { pattern, what, except } of refused) {
    if (except?.(file) || !pattern.test(text)) continue;
    const number = lines.findIndex((line) => pattern.test(line)) + 1;
    fail(`${file}:${number} names ${what}: ${pattern.exec(text)?.[0].trim()}`);
  }
}
say(`text: ${files.length} files`);
