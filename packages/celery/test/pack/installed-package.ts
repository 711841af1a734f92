import { execFile } from "node:child_process";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** What `make pack` makes, in an empty folder of its own. */
export async function packedInto(scope: Scope): Promise<{ folder: string; tarball: string }> {
  const [folder, made] = [await temporaryDirectory(scope), await temporaryDirectory(scope)];
  await run(process.execPath, [join(root, "scripts/pack-celery.ts"), made], { cwd: root });
  const [tarball, ...others] = await readdir(made);
  if (tarball === undefined || others.length > 0) throw new Error(`packed were ${[tarball, ...others].join(", ")}`);
  await copyFile(join(made, tarball), join(folder, tarball));
  return { folder, tarball };
}
