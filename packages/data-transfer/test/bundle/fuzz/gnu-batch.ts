import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Tree } from "./read-tree.ts";

/** What GNU tar made of a tar: whether it was content, what it said, and the tree. */
export interface GnuExtracted {
  content: boolean;
  says: string;
  tree: Tree;
}

// One shell for all of them, and no other program: starting processes is what costs.
const script = `
cd "$1" || exit 2
umask 022
n=0
while [ $n -lt "$2" ]; do
  tar --extract --no-same-owner --no-same-permissions --file $n.tar --directory $n.d 2>$n.says
  echo $?
  n=$((n + 1))
done
chmod -R u+rwX .
`;

/** Has GNU tar unpack many tars, each into a directory of its own. */
export async function extractAll(world: string, tars: readonly Buffer[]): Promise<GnuExtracted[]> {
  const directory = await mkdtemp(join(world, "gnu-"));
  tars.forEach((bytes, n) => {
    writeFileSync(join(directory, `${n}.tar`), bytes);
    mkdirSync(join(directory, `${n}.d`));
  });
  const shell = spawn("sh", ["-c", script, "sh", directory, `${tars.length}`], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" },
  });
  let codes = "";
  shell.stdout.on("data", (text: Buffer) => {
    codes += text;
  });
  await once(shell, "close");
  const results = codes.trim().split("\n");
  if (results.length !== tars.length) throw new Error(`GNU tar was tried on ${results.length} of ${tars.length} tars`);
  const extracted = results.map((code, n) => ({
    content: code === "0",
    says: readFileSync(join(directory, `${n}.says`), "utf8"),
    tree: treeBelow(join(directory, `${n}.d`)),
  }));
  await rm(directory, { recursive: true, force: true });
  return extracted;
}

/** What lies below a directory, links not followed. */
export function treeBelow(directory: string, below = "", tree: Tree = new Map()): Tree {
  for (const entry of readdirSync(join(directory, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isSymbolicLink()) tree.set(path, `link to ${readlinkSync(join(directory, path))}`);
    else if (entry.isDirectory()) treeBelow(directory, path, tree.set(path, "directory"));
    else tree.set(path, readFileSync(join(directory, path)));
  }
  return tree;
}
