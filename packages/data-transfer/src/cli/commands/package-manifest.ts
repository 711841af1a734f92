import { stat } from "node:fs/promises";
import { type ChecksumAlgorithm, checksumAlgorithms, defaultAlgorithm } from "../../bundle/hash.ts";
import { UsageError } from "../../errors/usage.ts";
import { listDirectory, listTar } from "../../package/list-package.ts";
import type { CommandContext, CommandDefinition } from "../command.ts";
import { ending, localAddress, withBar, withPackage } from "../package-command.ts";

export const packageManifest: CommandDefinition<{ place: string; algorithm: string }> = {
  description:
    "Prints JSON: of a tar its size, its checksums and its files; of a folder the files alone, since size and checksums of the package depend on who packs it. Files are in the order of their paths. Exit code 1 when a worker would refuse it.",
  arguments: [{ name: "<place>", description: "folder, path of a tar, or - for a tar on standard input" }],
  options: [
    {
      flags: "--algorithm <name>",
      description: "checksums to make",
      choices: [...checksumAlgorithms, "both"],
      default: defaultAlgorithm,
    },
  ],
  examples: [
    { command: "ccat_data_transfer package manifest chai_lfa_0001.tar > chai_lfa_0001.json", purpose: "what is in it" },
    {
      command: "ccat_data_transfer package manifest /data/chai_lfa_0001 --algorithm both",
      purpose: "of the files of a folder, with both checksums",
    },
  ],
  ending,
  async run(context, { place, algorithm }) {
    const algorithms = algorithm === "both" ? checksumAlgorithms : [algorithm as ChecksumAlgorithm];
    if (place !== "-" && (await isFolder(place))) {
      await context.output.stream(listDirectory(place, { algorithms, signal: context.signal }));
    } else {
      await printTar(context, place, algorithms);
    }
    return 0;
  },
};

async function printTar(context: CommandContext, tar: string, algorithms: readonly ChecksumAlgorithm[]): Promise<void> {
  const { signal, output } = context;
  await withPackage(context, { address: localAddress(tar) }, (source) =>
    withBar(context, source, (onBytes) => output.stream(listTar(source, { algorithms, signal, onBytes }))),
  );
}

async function isFolder(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch (error) {
    throw new UsageError(`${place} cannot be read: ${(error as NodeJS.ErrnoException).code}`, "ls -l");
  }
}
