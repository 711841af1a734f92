import { resolve } from "node:path";
import { UnknownJob } from "../../errors/staging.ts";
import { UsageError } from "../../errors/usage.ts";
import type { Queryable } from "../../opsdb/database.ts";
import { getJob, jobItems } from "../../opsdb/jobs.ts";
import { findLocationsByIds, fullName } from "../../opsdb/locations.ts";
import { findStagedPackages, stagedPaths } from "../../staging/staged-package.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { jobNumber } from "../job-number.ts";
import { formatTime } from "../output/format.ts";
import { destinationNamed } from "../wanted-packages.ts";
import { withDatabase } from "../with-database.ts";

interface Input {
  packages: string[];
  job?: string;
  at?: string;
}

export const stageInfo: CommandDefinition<Input> = {
  description: "One path a line on stdout; with --output json also sizes, checksums and how long each package stays.",
  arguments: [{ name: "[packages...]", description: "names or ids of staged packages" }],
  options: [
    { flags: "--job <job>", description: "all packages that this job has staged" },
    {
      flags: "--at <location>",
      description: "processing location; may be left out when there is only one, or with --job",
    },
  ],
  examples: [
    { command: "ccat_data_transfer stage info --job 17 > files.txt", purpose: "the input of a reduction" },
    { command: "ccat_data_transfer stage info chai_lfa_0001 --output json", purpose: "with sizes and checksums" },
  ],
  run: (context, { packages, job, at }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const { settings, output } = context;
      if ((packages.length === 0) === (job === undefined)) throw new UsageError("name packages, or --job <job>");
      const wanted =
        job === undefined ? { names: packages, at: await destinationNamed(db, at) } : await ofJob(db, jobNumber(job));
      const staged = await findStagedPackages(db, resolve(settings.staging.root), wanted.names, wanted.at);
      const files = await stagedPaths(db, staged);
      const described = staged.map((one) => ({
        package: one.package.name,
        id: one.package.id,
        directory: one.directory,
        expires_at: one.copy.expiresAt,
        verified_at: one.copy.verifiedAt,
        files: files
          .filter((file) => file.package === one.package.name)
          .map(({ path, size, checksum }) => ({ path, size, checksum })),
      }));
      for (const { package: name, expires_at } of described) {
        output.note(`${name}: stays until ${expires_at === undefined ? "?" : formatTime(new Date(expires_at))}`);
      }
      output.result(
        described,
        files.map(({ path }) => path),
      );
      return 0;
    }),
};

async function ofJob(db: Queryable, id: number): Promise<{ names: string[]; at: string }> {
  const job = await getJob(db, id);
  if (job === undefined) throw new UnknownJob(id);
  const [location] = await findLocationsByIds(db, [job.destinationId]);
  const items = await jobItems(db, id);
  const names = items.filter(({ status }) => status === "completed").map(({ packageName }) => packageName);
  return { names, at: fullName(location!) };
}
