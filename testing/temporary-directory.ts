import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../packages/data-transfer/src/bundle/remove-tree.ts";
import type { Scope } from "./scope.ts";

/** A directory of one's own, without links in its path, gone when `scope` ends. */
export async function temporaryDirectory(scope: Scope): Promise<string> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), "test-"));
  scope.after(() => removeTree(directory));
  return directory;
}
