import { UsageError } from "../../errors/usage.ts";
import { type WaivableRule, waivableRules } from "../../model/waiver.ts";
import { grantWaiver } from "../../opsdb/waivers.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { knownPackage } from "../known-package.ts";
import { withDatabase } from "../with-database.ts";

interface Input {
  package: string;
  rule?: WaivableRule;
  why?: string;
}

export const waiverGrant: CommandDefinition<Input> = {
  description: `The entries that break the rule are noted in the package's manifest, and not made: a staged package holds no link.
Who grants it, when and why is kept for ever. Only rules about links can be waived.`,
  arguments: [{ name: "<package>", description: "name or id" }],
  options: [
    { flags: "--rule <rule>", description: "the rule that the error names", choices: waivableRules },
    { flags: "--why <reason>", description: "why its links are harmless and not needed" },
  ],
  examples: [
    {
      command:
        'ccat_data_transfer waiver grant chai_lfa_0001 --rule symbolic-link --why "latest.fits -> scan-9.fits only"',
      purpose: "then: stage retry <job>",
    },
    {
      command:
        'ccat_data_transfer waiver grant chai_lfa_0001 --rule hard-link --why "copies of one header, seen by Ana"',
      purpose: "each rule by itself",
    },
  ],
  run: (context, { package: name, rule, why = "" }) =>
    withDatabase<ExitCode>(context, async (db) => {
      if (rule === undefined) throw new UsageError(`say which rule: --rule ${waivableRules.join(" or --rule ")}`);
      if (why.trim() === "") throw new UsageError("say why: --why <reason>; it is kept with the waiver");
      const { id: packageId, name: packageName } = await knownPackage(db, name);
      const granted = await db.transaction((tx) =>
        grantWaiver(tx, { packageId, rule, why: why.trim(), actor: actor() }),
      );
      const { waiver, added } = granted;
      context.output.result({ ...waiver, added }, [
        added
          ? `${packageName} may break the rule ${rule}`
          : `${packageName} may break the rule ${rule} already: ${waiver.grantedBy} said so, for "${waiver.why}"`,
        "items that failed for it are tried again by: ccat_data_transfer stage retry <job>",
      ]);
      return 0;
    }),
};
