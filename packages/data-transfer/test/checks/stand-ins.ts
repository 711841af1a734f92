import type { Check, Finding } from "../../src/checks/check.ts";
import type { Facts } from "../../src/checks/facts.ts";
import type { Settings } from "../../src/settings/settings.ts";

/** A check that finds what it is told to. */
export function aCheck(id: string, run: Check["run"], more: Partial<Check> = {}): Check {
  return {
    ...{ id, category: "redis", statement: `${id} is well`, severity: "fatal", needs: [], hint: `mend ${id}` },
    run,
    ...more,
  };
}

/** What a check is told where only a part of it matters. */
export function theFacts(known: Partial<Omit<Facts, "settings">> & { settings?: object } = {}): Facts {
  return { forget() {}, settings: {} as Settings, ...known } as unknown as Facts;
}

/** What a check finds in these facts. */
export async function findingOf(check: Check, facts: Facts): Promise<Finding> {
  return await check.run(facts, new AbortController().signal);
}
