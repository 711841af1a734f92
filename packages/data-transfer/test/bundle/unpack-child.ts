/**
 * Stages one package as a process of its own, to be killed and to be lied to by strace:
 * `node unpack-child.ts WORLD ATTEMPT [BREAK_AT]`, where WORLD has package.tar, manifest.json and location/. Prints `ready`
 * when all is loaded, then `done`, or the error's code and kind. At byte BREAK_AT the archive breaks: it prints `broken`,
 * and leaves what is there to a later attempt. SYNCED_ALONE in the environment is the option of that name.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { deliverPackage } from "../../src/bundle/deliver-package.ts";
import { prepareDirectory } from "../../src/bundle/publish.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { diskStorage } from "../../src/storage/disk.ts";

const [world, attempt, breakAt] = process.argv.slice(2) as [string, string, string | undefined];
const manifest = JSON.parse(await readFile(join(world, "manifest.json"), "utf8"));
const signal = new AbortController().signal;
const syncedAlone = process.env.SYNCED_ALONE === undefined ? undefined : Number(process.env.SYNCED_ALONE);
const modes = { file: 0o640, dir: 0o750 };
const archive = diskStorage({ root: world });
const pin = await archive.stat("package.tar", signal);
class Broken extends Error {}
process.stdout.write("ready\n");

const staged = join(world, "location/staged");
let directory = "";
try {
  directory = await prepareDirectory(staged, 1, Number(attempt), world);
  const whole = (start: number) => archive.read("package.tar", { start }, pin, signal);
  const read = breakAt === undefined ? whole : (start: number) => broken(whole(start), Number(breakAt) - start);
  const source = { name: archive.name, ...pin, read };
  await deliverPackage({ source, manifest, directory, target: join(staged, "package"), modes, signal, syncedAlone });
  process.stdout.write("done\n");
} catch (error) {
  if (error instanceof Broken) process.stdout.write("broken\n");
  else if (!(error instanceof DataTransferError)) throw error;
  else {
    process.stdout.write(`${error.code} ${error.kind}\n`);
    if (directory !== "") await removeTree(directory);
  }
}

async function* broken(bytes: AsyncIterable<Uint8Array>, left: number): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) throw new Broken();
  }
}
