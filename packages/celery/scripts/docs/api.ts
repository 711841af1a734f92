import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../../../scripts/report.ts";

const home = join(root, "packages/celery");

/** docs/api.md: what the package exports, with its comments, made of the declarations that the compiler writes. */
export function renderApi(): string {
  const folder = mkdtempSync(join(tmpdir(), "celery-api-"));
  try {
    const options = ["--emitDeclarationOnly", "--outDir", folder];
    execFileSync(join(root, "node_modules/.bin/tsc"), ["--project", join(home, "tsconfig.pack.json"), ...options]);
    return `${[
      "# API",
      "Written by packages/celery/scripts/write-docs.ts from the comments in the sources. The README shows how the parts go together.",
      ...describe(folder, "index", "@ccatobs/celery"),
      ...describe(folder, "testing/index", "@ccatobs/celery/testing"),
    ].join("\n\n")}\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe(folder: string, index: string, specifier: string): string[] {
  return readIndex(join(home, "src", `${index}.ts`)).flatMap(({ title, exports }) => [
    `## ${specifier}${title ? `: ${title}` : ""}`,
    ...exports.flatMap(({ name, as, module }) => {
      const file = findDeclaration(join(folder, dirname(index), module.replace(/\.ts$/, ".d.ts")), name);
      const { comment, code } = file;
      return [`### ${as}`, ...(comment ? [comment] : []), `\`\`\`ts\n${code}\n\`\`\``];
    }),
  ]);
}

interface Exported {
  name: string;
  as: string;
  module: string;
}

/** The exports of an index, below the comments that head them. */
function readIndex(path: string): { title: string; exports: Exported[] }[] {
  const sections: { title: string; exports: Exported[] }[] = [{ title: "", exports: [] }];
  const text = readFileSync(path, "utf8");
  for (const [, title, names, module] of text.matchAll(
    /^\/\/ (.*?)\.?$|^export (?:type )?\{([^}]*)\} from "([^"]+)";$/gm,
  )) {
    if (title !== undefined) sections.push({ title: lowerFirst(title), exports: [] });
    else {
      const found = names!
        .split(",")
        .map((name) => name.trim().replace(/^type /, ""))
        .filter((name) => name !== "");
      for (const name of found) {
        const [own, as = own] = name.split(" as ") as [string, string | undefined];
        sections.at(-1)!.exports.push({ name: own, as, module: module! });
      }
    }
  }
  return sections.filter(({ exports }) => exports.length > 0);
}

function lowerFirst(text: string): string {
  return text[0]!.toLowerCase() + text.slice(1);
}

/** The compiler writes one declaration below the other, each from the beginning of a line, behind its comment. */
function findDeclaration(path: string, name: string): { comment: string; code: string } {
  const text = readFileSync(path, "utf8");
  const head = new RegExp(`^export (?:declare )?(?:abstract )?(?:function|const|class|interface|type) ${name}\\b`);
  const chunks = declarations(text).filter(({ code }) => head.test(code));
  if (chunks.length > 0) {
    const code = chunks.map((chunk) => chunk.code.replace(/^export (declare )?/, "")).join("\n");
    return { comment: prose(chunks[0]!.comment), code };
  }
  const again = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)";`, "m").exec(text);
  const next = again && join(dirname(path), again[1]!.replace(/\.(ts|js)$/, ".d.ts"));
  if (next && existsSync(next)) return findDeclaration(next, name);
  throw new Error(`${path} does not declare ${name}`);
}

function declarations(text: string): { comment: string; code: string }[] {
  const found: { comment: string; code: string }[] = [];
  let comment = "";
  let lines: string[] | undefined;
  const end = () => {
    if (lines) found.push({ comment, code: lines.join("\n").trimEnd() });
    if (lines) comment = "";
    lines = undefined;
  };
  let inComment = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("/**")) {
      end();
      comment = "";
      inComment = true;
    }
    if (inComment) {
      comment += `${line}\n`;
      if (line.includes("*/")) inComment = false;
    } else if (/^(export|declare|import|interface|type|class|abstract)\b/.test(line)) {
      end();
      lines = [line];
    } else lines?.push(line);
  }
  end();
  return found;
}

/** A comment as Markdown: tags become a list, links become names. */
function prose(comment: string): string {
  const text = comment
    .replace(/^\/\*\*\s?|\s*\*\/\s*$/g, "")
    .replace(/^ \* ?/gm, "")
    .replace(/\{@link ([^}]+)\}/g, "`$1`")
    .trim();
  const [body = "", ...tags] = text.split(/^(?=@)/m);
  const list = tags.map((tag) =>
    tag
      .trim()
      .replace(/\s*\n\s*/g, " ")
      .replace(/^@(\w+)\s+(?:\{(\w+)\}\s*)?/, tagHead),
  );
  return [body.trim(), list.map((item) => `- ${item}`).join("\n")].filter((part) => part !== "").join("\n\n");
}

function tagHead(_: string, tag: string, type: string | undefined): string {
  const words: Readonly<Record<string, string>> = { throws: "throws ", returns: "answers ", param: "" };
  return `${words[tag] ?? `${tag}: `}${type ? `\`${type}\` ` : ""}`;
}
