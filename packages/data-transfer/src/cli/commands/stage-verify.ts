import { resolve } from "node:path";
import { findStagedPackages, verifyStagedPackage } from "../../staging/staged-package.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { destinationNamed } from "../wanted-packages.ts";
import { withDatabase } from "../with-database.ts";

export const stageVerify: CommandDefinition<{ packages: string[]; at?: string }> = {
  description:
    "Must run where the staged data can be read. Exit code 1 when a package is not intact; it is left as it is.",
  arguments: [{ name: "<packages...>", description: "names or ids of staged packages" }],
  options: [{ flags: "--at <location>", description: "processing location; may be left out when there is only one" }],
  examples: [
    { command: "ccat_data_transfer stage verify chai_lfa_0001", purpose: "before a long reduction" },
    {
      command: "ccat_data_transfer stage verify chai_lfa_0001 --at ramses_processing --output json",
      purpose: "for a program",
    },
  ],
  run: (context, { packages, at }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const { settings, output, signal } = context;
      const location = await destinationNamed(db, at);
      const staged = await findStagedPackages(db, resolve(settings.staging.root), packages, location);
      const bars = output.progress();
      const reports = [];
      try {
        for (const one of staged) {
          const onBytes = (done: number) => bars.update(one.package.name, done, one.package.size);
          const report = await verifyStagedPackage(db, one, { signal, onBytes, actor: actor() });
          bars.update(one.package.name, one.package.size, one.package.size, report.intact ? "intact" : "DAMAGED");
          reports.push({ package: one.package.name, directory: one.directory, ...report, files: report.files });
        }
      } finally {
        bars.stop();
      }
      output.table(reports, [
        { heading: "PACKAGE", cell: (report) => report.package },
        { heading: "STATE", cell: ({ intact }) => (intact ? "intact" : "DAMAGED") },
        { heading: "FILES", cell: ({ files }) => files, align: "right" },
        { heading: "DIFFERENCES", cell: ({ differenceCount }) => differenceCount, align: "right" },
        { heading: "FIRST", cell: ({ differences: [first] }) => first && `${first.path} (${first.kind})` },
      ]);
      return reports.every(({ intact }) => intact) ? 0 : 1;
    }),
};
