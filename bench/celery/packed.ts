import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { cp, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { npmSettings } from "../../testing/npm-settings.ts";
import type { Scope } from "../../testing/scope.ts";

const run = promisify(execFile);
const pack = fileURLToPath(new URL("../../scripts/pack-celery.ts", import.meta.url));
const app = fileURLToPath(new URL("./node-app.js", import.meta.url));

/** The package as its users have it, in a folder of its own. */
export interface Packed {
  /** The program `celery-node`. */
  program: string;
  /** The application, beside it. */
  app: string;
}

/** Packs the package and installs it in an empty folder, gone when `scope` ends: what is measured is what npm installs. */
export async function packedAndInstalled(scope: Scope): Promise<Packed> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "bench-celery-"));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  await run(process.execPath, [pack, folder]);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  const [tarball] = globSync("*.tgz", { cwd: folder });
  const env = { ...process.env, ...(await npmSettings()) };
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${tarball}`], { cwd: folder, env });
  await cp(app, join(folder, "app.js"));
  return { program: join(folder, "node_modules/@ccatobs/celery/bin/celery-node.js"), app: join(folder, "app.js") };
}
