import { type Check, ok } from "../check.ts";

/** Settings that cannot be used keep the program from getting here: see `reportWithoutSettings`. */
export const settingsValid: Check = {
  id: "settings-valid",
  category: "settings",
  statement: "the settings can be used",
  severity: "fatal",
  needs: [],
  run: ({ settings }) => ok(`environment ${settings.environment}`),
  hint: "ccat_data_transfer settings show",
};
