import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DemoDatabaseError, DemoUnavailableError } from "../errors/demo.ts";
import { embeddedPostgres, serverUser } from "./postgres-binaries.ts";
import { demoRole, type KeeperAnswer, keeperAddress, readPassword } from "./postgres-cluster.ts";

/** How to reach the demo's database; whoever connects adds the schema. */
export interface DemoDatabaseOptions {
  host: "127.0.0.1";
  port: number;
  database: string;
  user: string;
  password: string;
}

export interface DemoDatabase {
  options: DemoDatabaseOptions;
  /** Gives it up. Nobody else uses it: the server has ended when this is fulfilled. */
  stop(): Promise<void>;
}

/**
 * Runs `work` with the demo's PostgreSQL, which is started if no other command has it running, and ends with the last
 * command that uses it.
 *
 * @param dataDir  folder of the database; made when it is not there
 * @throws {DemoUnavailableError} where the embedded PostgreSQL is not installed
 * @throws {DemoDatabaseError} when it does not start
 */
export async function withDemoDatabase<T>(
  dataDir: string,
  work: (options: DemoDatabaseOptions) => Promise<T>,
): Promise<T> {
  const database = await startDemoDatabase(dataDir);
  try {
    return await work(database.options);
  } finally {
    await database.stop();
  }
}

/**
 * The same, for who cannot use a callback. A command that ends without `stop()`, be it by Ctrl-C or a crash, counts as
 * having stopped: a keeper process runs the server for as long as somebody is connected to the keeper.
 */
export async function startDemoDatabase(dataDir: string): Promise<DemoDatabase> {
  if (process.platform !== "linux") throw new DemoUnavailableError("the demo's embedded PostgreSQL runs on Linux only");
  await embeddedPostgres(await serverUser());
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true });
  const address = await keeperAddress(folder);

  // A keeper that is just about to end may drop us; then the next one is ours to start.
  for (let attempt = 1; attempt <= 20; attempt++) {
    const keeper = await connectTo(address);
    if (!keeper) {
      await startKeeper(folder);
      continue;
    }
    const answer = await firstAnswer(keeper);
    if (!answer) continue;
    if ("error" in answer) throw new DemoDatabaseError(answer.error, folder);
    const password = await readPassword(folder).catch((cause) => {
      throw new DemoDatabaseError(`cannot read the password of the demo's database in ${folder}`, folder, { cause });
    });
    keeper.unref();
    return {
      options: { host: "127.0.0.1", port: answer.port, database: demoRole, user: demoRole, password },
      stop: () => leave(keeper),
    };
  }
  throw new DemoDatabaseError("the keeper of the demo's database ended every time before it answered", folder);
}

/** Undefined when no keeper listens. */
async function connectTo(path: string): Promise<Socket | undefined> {
  const socket = connect({ path });
  try {
    await once(socket, "connect");
  } catch {
    return undefined;
  }
  // Its end is seen as a close; an error says no more than that.
  socket.on("error", () => {});
  return socket;
}

/** Fulfilled when a keeper listens: this one, or one that another command started at the same time. */
async function startKeeper(dataDir: string): Promise<void> {
  const program = fileURLToPath(new URL("postgres-keeper.ts", import.meta.url));
  const keeper = spawn(process.execPath, [program, dataDir], {
    cwd: "/",
    // A session of its own: Ctrl-C ends the command, and the keeper then ends the server in order.
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise<void>((resolve, reject) => {
    keeper.once("error", (cause) => {
      reject(new DemoDatabaseError("cannot start the keeper of the demo's database", dataDir, { cause }));
    });
    keeper.once("exit", () => resolve());
    keeper.stdout.once("data", () => resolve());
  });
  keeper.stdout.destroy();
  keeper.unref();
}

/** One line: the server's port when it takes connections, or why it does not. Undefined when the keeper is gone. */
async function firstAnswer(keeper: Socket): Promise<KeeperAnswer | undefined> {
  const line = await new Promise<string | undefined>((resolve) => {
    let text = "";
    keeper.on("data", (chunk) => {
      text += chunk.toString();
      if (text.endsWith("\n")) resolve(text);
    });
    keeper.once("close", () => resolve(undefined));
  });
  return line === undefined ? undefined : (JSON.parse(line) as KeeperAnswer);
}

async function leave(keeper: Socket): Promise<void> {
  if (keeper.closed) return;
  keeper.ref();
  const closed = once(keeper, "close");
  keeper.end();
  await closed;
}
