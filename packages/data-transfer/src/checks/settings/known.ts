import { type Check, unlessAny } from "../check.ts";

export const settingsKnown: Check = {
  id: "settings-known",
  category: "settings",
  statement: "every setting that is given is one that is read",
  severity: "warning",
  needs: ["settings-valid"],
  run: ({ remarks }) => unlessAny(remarks),
  hint: "ccat_data_transfer settings show   # every key that there is, and where its value comes from",
};
