import { globSync } from "node:fs";
import { join } from "node:path";

/**
 * For a test's `skip` option: false where there are real FITS files, else why not. `make e2e` brings them.
 *
 * @throws {Error} with `CI=true`, where nothing may be skipped
 */
export function withoutRealFits(): false | string {
  if (process.env.E2E_FITS) return false;
  const reason = "needs E2E_FITS, a folder with FITS files (CONTRIBUTING.md)";
  if (process.env.CI === "true") throw new Error(`with CI=true no test is skipped: ${reason}`);
  return reason;
}

/** Absolute paths of the FITS files below E2E_FITS, in ascending order: star catalogues, 36 MB in ten files. */
export function realFitsFiles(): string[] {
  const folder = process.env.E2E_FITS ?? "";
  const files = globSync("**/*.fits", { cwd: folder }).sort();
  if (files.length === 0) throw new Error(`no FITS file below E2E_FITS=${folder}`);
  return files.map((file) => join(folder, file));
}
