import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Where to keep what the sources compile to from one start to the next: half of a short command's time is their compilation.
 * It is code that will run, so it lies in a folder that nobody else can write; undefined without such a folder, or where
 * the environment has named one.
 */
export function compileCache() {
  if (process.env.NODE_COMPILE_CACHE || process.env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const folder = join(tmpdir(), `ccat_data_transfer-${process.getuid?.()}`);
  return isOurs(folder) ? folder : undefined;
}

function isOurs(folder) {
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
