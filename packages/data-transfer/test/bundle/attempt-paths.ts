import { dirname, join } from "node:path";
import type { PackageWorld } from "./a-package.ts";

/** Everything that an attempt at bringing the package touches: strace compares paths as they are, not by their beginning. */
export function attemptPaths({ staged, manifest }: PackageWorld, attempt: number): string[] {
  const directory = join(staged, `.staging-1-${attempt}`);
  const tree = join(directory, "tree");
  const files = manifest.files.map(({ path }) => join(tree, path));
  const folders = new Set([tree, ...files.map((path) => dirname(path))]);
  const beside = ["journal", "journal.draft", "sums"].map((name) => join(directory, name));
  return [staged, directory, ...beside, ...folders, ...files, join(staged, "package")];
}
