import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chown,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import {
  canReach,
  embeddedPostgres,
  makeSharedFolder,
  type ServerUser,
  serverUser,
  sharedFolder,
} from "./postgres-binaries.ts";

const run = promisify(execFile);

/** Name of the demo's database and of the role that owns it. */
export const demoRole = "ccat";

/** The password of {@link demoRole}; only the server's user and root can read it. */
export async function readPassword(dataDir: string): Promise<string> {
  return readFile(`${await realpath(join(dataDir, "cluster"))}.password`, "utf8");
}

/** What a keeper tells a command that has come to it. */
export type KeeperAnswer = { port: number } | { error: string };

/**
 * Where the keeper of a database listens. Names in Linux' abstract space vanish with their process, so that there is
 * never a stale one, and no two can have the same: the name is the lock, too.
 */
export async function keeperAddress(dataDir: string): Promise<string> {
  const digest = createHash("sha256")
    .update(await realpath(dataDir))
    .digest("hex");
  return `\0ccat_data_transfer-demo-${process.getuid?.()}-${digest.slice(0, 24)}`;
}

export interface RunningCluster {
  port: number;
  /** Fulfilled when the server has ended. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the cluster in `dataDir`, made new when there is none. Only the one who holds {@link keeperAddress} may call it.
 *
 * @throws {Error} with a sentence for people
 */
export async function startCluster(dataDir: string): Promise<RunningCluster> {
  let user = await serverUser();
  let bin = await embeddedPostgres(user);
  const cluster = join(dataDir, "cluster");
  if (!(await exists(cluster))) await makeCluster(dataDir, cluster, bin, user);

  // Root may find the cluster of an ordinary user; only its owner can run it.
  const owner = await stat(cluster);
  if (user && owner.uid !== user.uid) {
    user = { name: String(owner.uid), uid: owner.uid, gid: owner.gid };
    bin = await embeddedPostgres(user);
  }
  const place = await realpath(cluster);
  await endPredecessor(place);
  return startServer(dataDir, place, bin, user);
}

/** Complete or not there: what a killed one leaves behind is made anew. */
async function makeCluster(dataDir: string, cluster: string, bin: string, user: ServerUser | undefined): Promise<void> {
  const reachable = !user || (await canReach(dataDir, user));
  const digest = createHash("sha256")
    .update(await realpath(dataDir))
    .digest("hex")
    .slice(0, 16);
  const place = reachable ? cluster : join(sharedFolder, `demo-${digest}`);
  const unfinished = `${place}.unfinished`;
  if (!reachable) {
    await makeSharedFolder();
    await rm(place, { recursive: true, force: true });
  }
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (user) await chown(unfinished, user.uid, user.gid);

  const password = `${place}.password`;
  await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600 });
  if (user) await chown(password, user.uid, user.gid);
  const access = ["-U", demoRole, "--auth=scram-sha-256", `--pwfile=${password}`];
  await run(join(bin, "initdb"), ["-D", unfinished, ...access, "-E", "UTF8", "--locale=C", "--no-sync"], {
    cwd: "/",
    env: plainEnvironment,
    ...identity(user),
  });

  await rename(unfinished, place);
  if (!reachable) await symlink(place, cluster);
}

/** A server that outlived its keeper is ended; a process id that now belongs to somebody else is not held against us. */
async function endPredecessor(cluster: string): Promise<void> {
  const file = join(cluster, "postmaster.pid");
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
  if (Number.isNaN(pid)) return;
  if ((await readlink(`/proc/${pid}/cwd`).catch(() => undefined)) === cluster) {
    process.kill(pid, "SIGQUIT");
    await run("tail", ["-f", "/dev/null", `--pid=${pid}`, "-s", "0.05"], { timeout: 20_000 });
  }
  await rm(file, { force: true });
}

async function startServer(
  dataDir: string,
  cluster: string,
  bin: string,
  user: ServerUser | undefined,
): Promise<RunningCluster> {
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    // A crash of the machine may cost the demo its last moments, never its database.
    synchronous_commit: "off",
    max_connections: 50,
    log_timezone: "UTC",
    timezone: "UTC",
  };
  const logFile = join(dataDir, "log");
  const log = await open(logFile, "w", 0o600);
  const args = ["-D", cluster, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const server = spawn(...endsWithUs(join(bin, "postgres"), args, user), {
    cwd: "/",
    env: plainEnvironment,
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();
  const ended = new Promise<void>((resolve) => {
    server.once("error", () => resolve());
    server.once("exit", () => resolve());
  });
  const stop = async () => {
    server.kill("SIGINT");
    const patience = setTimeout(() => server.kill("SIGQUIT"), 15_000);
    await ended;
    clearTimeout(patience);
  };

  try {
    await makeDatabase({ port, password: await readPassword(dataDir) }, ended);
  } catch (error) {
    await stop();
    const said = await readFile(logFile, "utf8");
    throw new Error(`the demo's PostgreSQL did not start: ${complaint(said) ?? (error as Error).message} (${logFile})`);
  }
  return { port, ended, stop };
}

/** Connects as soon as the server lets us, and makes the database if this is the first time. */
async function makeDatabase(options: { port: number; password: string }, ended: Promise<void>): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const deadline = performance.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ host: "127.0.0.1", user: demoRole, database: "postgres", ...options });
    client.on("error", () => {});
    try {
      await client.connect();
      const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [demoRole]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${demoRole}`);
      return;
    } catch (error) {
      const code = (error as { code?: string }).code;
      // Not listening yet, or still starting up.
      const early = code === "ECONNREFUSED" || code === "57P03";
      if (!early || over || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** Under `setpriv` (on every Debian) the kernel ends the server when the keeper is killed. */
function endsWithUs(program: string, args: string[], user: ServerUser | undefined): [string, string[]] {
  const setpriv = "/usr/bin/setpriv";
  if (!existsSync(setpriv)) return [program, args];
  const who = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"] : [];
  return [setpriv, [...who, "--pdeathsig=QUIT", "--", program, ...args]];
}

function identity(user: ServerUser | undefined): { uid?: number; gid?: number } {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

/** Nothing of the caller's: PGDATA and its like would steer the server, LC_ALL its words. */
const plainEnvironment = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The last fatal message in a server's log, with its detail. */
function complaint(log: string): string | undefined {
  const lines = log.split("\n").flatMap((line) => /(?:FATAL|PANIC|DETAIL): +(.*)$/.exec(line)?.[1] ?? []);
  return lines.length === 0 ? undefined : lines.slice(-2).join("; ");
}
