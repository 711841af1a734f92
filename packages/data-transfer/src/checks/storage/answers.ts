import { relative, resolve } from "node:path";
import { StorageStalled } from "../../errors/destination.ts";
import { errnoOf } from "../../errors/errno.ts";
import { type Check, ok, problem } from "../check.ts";
import { atEachPlace, hangs } from "./places.ts";

export const storageAnswers: Check = {
  id: "storage-answers",
  category: "storage",
  statement: "the file system of every location answers",
  severity: "fatal",
  needs: ["settings-valid"],
  mayRecover: true,
  run(facts) {
    const root = resolve(facts.settings.staging.root);
    return atEachPlace(facts, async ({ path, folder }) => {
      try {
        const { at, error } = await folder.look();
        if (error !== undefined) return problem(`${path}: ${error.syscall} fails with ${errnoOf(error) ?? error.code}`);
        // A worker makes folders below the root, but not the root.
        if (at === undefined || relative(root, at.path).startsWith("..")) return problem(`there is no folder ${root}`);
        return ok(at.path === path ? path : `${at.path}; ${path} is made with the first package`);
      } catch (error) {
        // Here nobody stages a package that could be told to wait.
        if (error instanceof StorageStalled) return problem(error.message, hangs);
        throw error;
      }
    });
  },
  hint: "findmnt; ls -ld <path>   # in a cluster: kubectl describe pod, is the volume mounted at staging.root?",
};
