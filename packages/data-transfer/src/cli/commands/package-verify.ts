import { checkPackage } from "../../bundle/unpack.ts";
import { asManifest } from "../../package/as-manifest.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import {
  described,
  digestFields,
  ending,
  localAddress,
  manifestOption,
  tarArgument,
  withBar,
  withPackage,
} from "../package-command.ts";

export const packageVerify: CommandDefinition<{ tar: string; manifest?: string }> = {
  description:
    "Every entry, name and checksum is looked at as a worker would. Needs no database. Exit code 1 when the package is refused.",
  arguments: [tarArgument],
  options: [manifestOption],
  examples: [
    {
      command: "ccat_data_transfer package verify chai_lfa_0001.tar --manifest chai_lfa_0001.json",
      purpose: "is it, byte for byte, what the manifest says?",
    },
    { command: "ccat_data_transfer package verify - --output json", purpose: "would a worker take what comes in?" },
  ],
  ending,
  run: (context, { tar, manifest: path }) =>
    withPackage<ExitCode>(context, { address: localAddress(tar), manifest: path }, async (source, manifest) => {
      const { name } = source;
      const { signal, output } = context;
      const { bytes, files, archiveChecksums } = await withBar(context, source, (onBytes) =>
        checkPackage({ bytes: source.read(0, signal), manifest: asManifest(source, manifest), signal, onBytes }),
      );
      const checked =
        manifest === undefined ? "the rules of the tar alone were checked" : "it is what its manifest says";
      output.result({ package: name, state: "good", manifest: path, bytes, files, ...digestFields(archiveChecksums) }, [
        `${name} is good: ${checked}; ${described(files, bytes, archiveChecksums)}`,
      ]);
      return 0;
    }),
};
