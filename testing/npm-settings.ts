import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { promisify } from "node:util";

/**
 * Where npm on this machine has its machine-wide settings (a registry, its authority), as an environment for npm.
 *
 * npm looks for them beside the Node that runs it, which in a checkout is the one that npm itself has brought, not the
 * machine's.
 */
export async function npmSettings(): Promise<{ npm_config_globalconfig: string }> {
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const env = { ...process.env, PATH: path.join(delimiter) };
  const { stdout } = await promisify(execFile)("npm", ["config", "get", "globalconfig"], { env });
  return { npm_config_globalconfig: stdout.trim() };
}
