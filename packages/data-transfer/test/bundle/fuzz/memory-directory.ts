import { access, constants, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "../../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../../testing/temporary-directory.ts";
import { removeTree } from "../../../src/bundle/remove-tree.ts";

/** A directory in memory where the machine has such a thing, else on disk: for thousands of small trees. */
export async function memoryDirectory(scope: Scope): Promise<string> {
  try {
    await access("/dev/shm", constants.W_OK);
  } catch {
    return await temporaryDirectory(scope);
  }
  const directory = await mkdtemp(join("/dev/shm", "test-"));
  scope.after(() => removeTree(directory));
  return directory;
}
