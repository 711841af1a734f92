import { type Check, ok, problem } from "../check.ts";

export const settingsEnvironment: Check = {
  id: "settings-environment",
  category: "settings",
  statement: "ENV_FOR_DYNACONF says which environment this is",
  severity: "warning",
  needs: ["settings-valid"],
  run: ({ env, settings }) =>
    env.ENV_FOR_DYNACONF ? ok() : problem(`it is not set, so ${settings.environment} holds`),
  hint: "set ENV_FOR_DYNACONF=production, as the chart does from app.environment",
};
