#!/usr/bin/env node
// Starts the program; where the Node that runs this is too old for it, with the one that npm installed beside it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const needed = 24;
/** Set for the second start, so that there is no third. */
const marker = "CDT_LAUNCHED";

const again = process.env[marker] !== undefined;
delete process.env[marker];

/**
 * Room for young objects, in MiB. V8's own choice follows the machine's memory: on a large one up to 128 MiB, which a worker does
 * not need and its pod may not have. Little room also means frequent collections, and those free what has been received
 * from the network, 64 KiB a piece. A running process cannot change it.
 */
const youngSpace = "--max-semi-space-size=2";

/**
 * Threads for calls that the kernel may keep waiting: Node's default of 4 is soon taken by the disk, and then no host name
 * is looked up. Writing packages keeps to its share of them (src/bundle/disk-calls.ts). They cost nothing until used.
 */
const threads = "64";

if (Number.parseInt(process.versions.node, 10) >= needed) {
  const { compileCache } = await import("./compile-cache.js");
  const cache = compileCache();
  // The process becomes another one: same number, same files, nobody between it and its signals. All is read at the start.
  if (movesPackages() && !(isSet("--max-semi-space-size") && process.env.UV_THREADPOOL_SIZE)) {
    const options = isSet("--max-semi-space-size") ? process.execArgv : [...process.execArgv, youngSpace];
    const args = [process.execPath, ...options, ...process.argv.slice(1)];
    // The threads that write files find the cache by this variable alone.
    const caching = cache && { NODE_COMPILE_CACHE: cache };
    process.execve?.(process.execPath, args, { UV_THREADPOOL_SIZE: threads, ...caching, ...process.env });
  }
  if (cache) module.enableCompileCache(cache);
  const { main, processHost } = await import("../src/cli/main.ts");
  process.exit(await main(process.argv.slice(2), processHost()));
} else {
  const node = again ? undefined : findNode(dirname(fileURLToPath(import.meta.url)));
  if (node === undefined) {
    process.stderr.write(
      `error: ccat_data_transfer needs Node ${needed} or later, this is ${process.versions.node} [CDT-NODE-VERSION]\n` +
        "try: npm install   # in the project's folder: it brings a Node of its own\n",
    );
    process.exit(2);
  }
  runWith(node);
}

/** The commands that bring packages to a disk. */
function movesPackages() {
  return process.argv.some((word) => word === "worker" || word === "package");
}

/** Whether somebody has chosen this option of Node, or we have. */
function isSet(option) {
  const given = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(/\s+/)];
  return given.some((one) => one.replaceAll("_", "-").startsWith(option));
}

/** The binary of the npm package `node`, from here upwards. */
function findNode(folder) {
  const candidate = join(folder, "node_modules", "node", "bin", "node");
  if (existsSync(candidate)) return candidate;
  const parent = dirname(folder);
  return parent === folder ? undefined : findNode(parent);
}

function runWith(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit", env: { ...process.env, [marker]: "1" } });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => {
    process.stderr.write(`error: ${node} cannot be started (${error.message}) [CDT-NODE-VERSION]\ntry: npm install\n`);
    process.exit(2);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
