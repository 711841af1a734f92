import { UsageError } from "../../errors/usage.ts";
import { parseAddress } from "../../package/address.ts";
import { placePackage } from "../../package/place-package.ts";
import { targetPath } from "../../package/private-directory.ts";
import { s3Access } from "../../package/s3-access.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { ending, manifestOption, modesOf, showPlaced, withBar, withPackage } from "../package-command.ts";

export interface FetchInput {
  url: string;
  dest: string;
  manifest?: string;
  endpoint?: string;
  region?: string;
  keys?: string;
  resume: boolean;
}

export const packageFetch: CommandDefinition<FetchInput> = {
  description:
    "The same code as a worker's, without database. What was interrupted goes on when the same address is fetched to the same place. Keys of an S3 archive come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the settings. Exit code 1 when the package is refused, or something else lies at its place.",
  arguments: [
    { name: "<url>", description: "https://host/path, s3://bucket/key, or a path" },
    { name: "<dest>", description: "the folder to make; the one that it lies in must exist" },
  ],
  options: [
    manifestOption,
    { flags: "--endpoint <url>", description: "S3: where the archive is (https://host[:port])" },
    { flags: "--region <name>", description: "S3: region to sign for; us-east-1 where nothing says otherwise" },
    { flags: "--keys <name>", description: "S3: take the keys from the table s3.<name> of the settings" },
    {
      flags: "--part-size <size>",
      description: 'about so many bytes are asked for at once ("16MiB"; at least 8MiB)',
      setting: "storage.part_size",
    },
    {
      flags: "--concurrency <count>",
      description: "parts under way at once at most (4; fewer where more do not pay)",
      setting: "storage.connections",
    },
    {
      flags: "--limit-rate <size>",
      description: 'bytes a second at most ("20MB"; 0: no limit)',
      setting: "storage.rate_limit",
    },
    { flags: "--no-resume", description: "begin afresh, and leave nothing when it is interrupted" },
  ],
  examples: [
    {
      command: "ccat_data_transfer package fetch https://archive.example.org/chai_lfa_0001.tar /data/chai_lfa_0001",
      purpose: "from a web server",
    },
    {
      command:
        "ccat_data_transfer package fetch s3://raw-data/chai_lfa_0001.tar ./raw --endpoint https://s3.example.org --manifest chai_lfa_0001.json",
      purpose: "from an object store, only if it is what the manifest says",
    },
  ],
  ending,
  async run(context, { url, dest, manifest: path, resume, ...options }) {
    const { settings, signal, output, env, log } = context;
    const address = parseAddress(url);
    if (address.kind === "input") {
      throw new UsageError("standard input cannot be fetched", "ccat_data_transfer package unpack - <dest>");
    }
    const s3 = address.kind === "s3" ? s3Access(options, settings, env) : undefined;
    const target = await targetPath(dest);
    return await withPackage<ExitCode>(context, { address, manifest: path, s3 }, async (source, manifest) => {
      const placed = await withBar(context, source, (onBytes) =>
        placePackage({
          ...{ source, manifest, target, resume, modes: modesOf(settings), signal, log, onBytes },
          onLeft(directory) {
            output.note(
              `what has come lies in ${directory}; the same command goes on from there, with --no-resume afresh`,
            );
          },
        }),
      );
      showPlaced(context, "fetched", placed);
      return 0;
    });
  },
};
