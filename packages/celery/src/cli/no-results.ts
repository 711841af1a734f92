import type { ResultStore } from "../results/results.ts";
import { SettingError } from "./setting-error.ts";

/** Celery's disabled backend: what is stored is thrown away, and who asks for a result is told why there is none. */
export function noResults(): ResultStore {
  const refuse = async (): Promise<never> => {
    throw new SettingError(
      "no result store is named: set `backend` of the app, CELERY_RESULT_BACKEND, or give --result-backend",
    );
  };
  return {
    async connect() {},
    async close() {},
    store: async () => true,
    get: async () => undefined,
    waitFor: refuse,
    async forget() {},
    saveGroup: refuse,
    getGroup: refuse,
    startChord: refuse,
    joinChord: refuse,
    async endChord() {},
  };
}
