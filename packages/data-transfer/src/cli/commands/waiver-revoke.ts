import { UsageError } from "../../errors/usage.ts";
import { type WaivableRule, waivableRules } from "../../model/waiver.ts";
import { revokeWaiver } from "../../opsdb/waivers.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { knownPackage } from "../known-package.ts";
import { withDatabase } from "../with-database.ts";

export const waiverRevoke: CommandDefinition<{ package: string; rule?: WaivableRule }> = {
  arguments: [{ name: "<package>", description: "name or id" }],
  options: [{ flags: "--rule <rule>", description: "the rule that was waived", choices: waivableRules }],
  examples: [
    {
      command: "ccat_data_transfer waiver revoke chai_lfa_0001 --rule symbolic-link",
      purpose: "the package was archived anew, without links",
    },
    { command: "ccat_data_transfer waiver revoke chai_lfa_0001 --rule hard-link", purpose: "each rule by itself" },
  ],
  run: (context, { package: name, rule }) =>
    withDatabase<ExitCode>(context, async (db) => {
      if (rule === undefined) throw new UsageError(`say which rule: --rule ${waivableRules.join(" or --rule ")}`);
      const { id: packageId, name: packageName } = await knownPackage(db, name);
      const waiver = await db.transaction((tx) => revokeWaiver(tx, { packageId, rule, actor: actor() }));
      context.output.result({ package: packageName, rule, revoked: waiver !== undefined }, [
        waiver === undefined
          ? `${packageName} has no waiver of the rule ${rule}; nothing was changed`
          : `${packageName} is held to the rule ${rule} again`,
      ]);
      return 0;
    }),
};
