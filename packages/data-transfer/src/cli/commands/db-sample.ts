import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { addSample, type SampleArchive } from "../../demo/add-sample.ts";
import { putObject } from "../../demo/put-object.ts";
import { makeSamplePackages } from "../../demo/sample-packages.ts";
import { CredentialsMissing } from "../../errors/source.ts";
import { UsageError } from "../../errors/usage.ts";
import type { DataLocation, S3DataLocation } from "../../model/location.ts";
import { fullName } from "../../opsdb/locations.ts";
import { requireLocation } from "../../queues/discover.ts";
import { checkEndpoint } from "../../storage/check-endpoint.ts";
import type { CommandContext, CommandDefinition } from "../command.ts";
import { authorities, createArchives, credentialsOf, inRegion } from "../engine/archives.ts";
import { formatBytes } from "../output/format.ts";
import { withDatabase } from "../with-database.ts";

export const dbSample: CommandDefinition<{ archive: string }> = {
  description:
    "Makes four small packages of FITS files, whose names begin with sample_, puts them into an S3 archive that the database " +
    "knows, and writes them into the catalogue; nothing is staged. Doing it again changes nothing. What has one of these names and is " +
    "something else is never replaced: then nothing is written. The archive's keys must be allowed to write. Needs 30 MB in the " +
    "folder for temporary files.",
  arguments: [{ name: "<archive>", description: "an S3 archive: its name, or site/name" }],
  examples: [
    { command: "ccat_data_transfer db sample cologne/lta", purpose: "into the archive lta of Cologne" },
    {
      command:
        "ccat_data_transfer db sample cologne/lta > names && ccat_data_transfer stage request --from-file names --wait",
      purpose: "the names alone stand on standard output",
    },
  ],
  async run(context, { archive: name }) {
    const { signal, output } = context;
    const folder = await mkdtemp(join(tmpdir(), "ccat-sample-"));
    try {
      const { location, added } = await withDatabase(context, async (db) => {
        const location = requireS3Archive(await requireLocation(db, name));
        const archives = createArchives(context.settings, withoutWarnings(context.log));
        try {
          const archive = { location, storage: archives.open(location), put: putInto(context, location) };
          return { location, added: await addSample(db, archive, await makeSamplePackages(folder, signal), signal) };
        } finally {
          await archives.close();
        }
      });
      for (const { name, files, size, archive, catalogue } of added)
        output.note(`${name}: ${files} files, ${formatBytes(size)}; archive: ${archive}; catalogue: ${catalogue}`);
      output.result(
        { archive: fullName(location), packages: added },
        added.map((one) => one.name),
      );
      return 0;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** That an object is not there is what the sample hopes for; with --verbose it is told all the same. */
function withoutWarnings(log: Logger): Logger {
  return log.level === "warn" ? log.child({}, { level: "error" }) : log;
}

function requireS3Archive(location: DataLocation): S3DataLocation {
  if (location.storageType === "s3" && location.locationType === "long_term_archive") return location;
  throw new UsageError(
    `${fullName(location)} is no S3 archive, and the sample goes into one`,
    "ccat_data_transfer location list",
  );
}

function putInto({ settings }: CommandContext, location: S3DataLocation): SampleArchive["put"] {
  const { bucket, prefix, region } = inRegion(settings, location);
  const { origin: endpoint } = checkEndpoint(location.endpoint, settings.storage.allowedEndpoints);
  const credentials = credentialsOf(settings, location);
  if (credentials === undefined) throw new CredentialsMissing({ location: location.name });
  const target = { endpoint, bucket, prefix, region, ...credentials, ca: authorities(settings.storage.caFile) };
  return (key, file, signal) => putObject(target, key, file, signal);
}
