import { listWaivers } from "../../opsdb/waivers.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { knownPackage } from "../known-package.ts";
import { formatTime } from "../output/format.ts";
import { withDatabase } from "../with-database.ts";

interface Input {
  package?: string;
  revoked?: boolean;
}

export const waiverList: CommandDefinition<Input> = {
  arguments: [{ name: "[package]", description: "only this one, by name or id" }],
  options: [{ flags: "--revoked", description: "those that were revoked, too" }],
  examples: [
    { command: "ccat_data_transfer waiver list", purpose: "what is in force" },
    { command: "ccat_data_transfer waiver list chai_lfa_0001 --revoked --output json", purpose: "one package's story" },
  ],
  run: (context, { package: name, revoked = false }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const packageId = name === undefined ? undefined : (await knownPackage(db, name)).id;
      const time = (at: string | undefined) => (at === undefined ? undefined : formatTime(new Date(at)));
      context.output.table(await listWaivers(db, { packageId, revoked }), [
        { heading: "PACKAGE", cell: ({ packageName }) => packageName },
        { heading: "RULE", cell: ({ rule }) => rule },
        { heading: "GRANTED BY", cell: ({ grantedBy }) => grantedBy },
        { heading: "ON", cell: ({ grantedAt }) => time(grantedAt) },
        { heading: "WHY", cell: ({ why }) => why },
        ...(revoked
          ? [
              { heading: "REVOKED BY", cell: ({ revokedBy }: { revokedBy: string | undefined }) => revokedBy },
              { heading: "ON", cell: ({ revokedAt }: { revokedAt: string | undefined }) => time(revokedAt) },
            ]
          : []),
      ]);
      return 0;
    }),
};
