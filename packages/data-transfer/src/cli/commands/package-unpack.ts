import { placePackage } from "../../package/place-package.ts";
import { targetPath } from "../../package/private-directory.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import {
  ending,
  localAddress,
  manifestOption,
  modesOf,
  showPlaced,
  tarArgument,
  withBar,
  withPackage,
} from "../package-command.ts";

export const packageUnpack: CommandDefinition<{ tar: string; dest: string; manifest?: string }> = {
  description:
    "The same code as a worker's, without database. The folder must not exist yet; where the same tree lies already it is verified and left. Exit code 1 when the package is refused, or something else lies there.",
  arguments: [tarArgument, { name: "<dest>", description: "the folder to make; the one that it lies in must exist" }],
  options: [manifestOption],
  examples: [
    {
      command: "ccat_data_transfer package unpack chai_lfa_0001.tar /data/chai_lfa_0001",
      purpose: "by the rules of the tar alone",
    },
    {
      command: "ccat_data_transfer package unpack chai_lfa_0001.tar ./raw --manifest chai_lfa_0001.json",
      purpose: "only if it is what the manifest says",
    },
  ],
  ending,
  async run(context, { tar, dest, manifest: path }) {
    const address = localAddress(tar);
    const target = await targetPath(dest);
    return await withPackage<ExitCode>(context, { address, manifest: path }, async (source, manifest) => {
      const { settings, signal, log } = context;
      const placed = await withBar(context, source, (onBytes) =>
        placePackage({
          ...{ source, manifest, target, modes: modesOf(settings) },
          ...{ resume: false, signal, log, onBytes, onLeft() {} },
        }),
      );
      showPlaced(context, "unpacked", placed);
      return 0;
    });
  },
};
