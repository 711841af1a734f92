/**
 * Stages one package as a process of its own, to be killed and to be lied to by strace:
 * `node unpack-child.ts WORLD ATTEMPT`, where WORLD has package.tar, manifest.json and location/staged/. Prints `ready`
 * when all is loaded, then `done`, or the error's code and kind.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { deliverPackage } from "../../src/bundle/deliver-package.ts";
import { prepareDirectory } from "../../src/bundle/publish.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { diskStorage } from "../../src/storage/disk.ts";

const [world, attempt] = process.argv.slice(2) as [string, string];
const manifest = JSON.parse(await readFile(join(world, "manifest.json"), "utf8"));
const signal = new AbortController().signal;
const modes = { file: 0o640, dir: 0o750 };
const archive = diskStorage({ root: world });
const pin = await archive.stat("package.tar", signal);
process.stdout.write("ready\n");

const staged = join(world, "location/staged");
let directory = "";
try {
  directory = await prepareDirectory(staged, 1, Number(attempt));
  const read = (start: number) => archive.read("package.tar", { start }, pin, signal);
  const source = { name: archive.name, ...pin, read };
  await deliverPackage({ source, manifest, directory, target: join(staged, "package"), modes, signal });
  process.stdout.write("done\n");
} catch (error) {
  if (!(error instanceof DataTransferError)) throw error;
  process.stdout.write(`${error.code} ${error.kind}\n`);
  if (directory !== "") await removeTree(directory);
}
