import { resolve } from "node:path";
import { type Check, unlessAny } from "../check.ts";
import { pathProblem } from "./places.ts";

export const storagePath: Check = {
  id: "storage-path",
  category: "storage",
  statement: "every location lies on a disk, below staging.root",
  severity: "fatal",
  needs: ["queue-known"],
  async run(facts) {
    const root = resolve(facts.settings.staging.root);
    const problems = (await facts.places()).map((location) => pathProblem(location, root));
    return unlessAny(
      problems.filter((words) => words !== undefined),
      `below ${root}`,
    );
  },
  hint: "ccat_data_transfer location list   # correct its path with db seed, or staging.root in the settings",
};
