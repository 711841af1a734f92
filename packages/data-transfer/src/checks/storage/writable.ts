import { StorageStalled } from "../../errors/destination.ts";
import { errnoOf } from "../../errors/errno.ts";
import { type Check, ok, problem } from "../check.ts";
import { atEachPlace, hangs } from "./places.ts";

export const storageWritable: Check = {
  id: "storage-writable",
  category: "storage",
  statement: "this user can write there: make a directory and a file, sync, rename and remove them",
  severity: "fatal",
  needs: ["storage-answers"],
  mayRecover: true,
  run(facts) {
    const who = `uid ${process.geteuid?.()}, gid ${process.getegid?.()}`;
    return atEachPlace(facts, async ({ path, folder }) => {
      try {
        const { at, error } = await folder.tryWriting();
        if (error === undefined) return ok(who);
        const errno = errnoOf(error) ?? error.code;
        return problem(
          `${error.syscall} in ${at?.path ?? path} fails with ${errno}${meaning(errno, error.syscall, who)}`,
        );
      } catch (error) {
        if (error instanceof StorageStalled) return problem(error.message, hangs);
        throw error;
      }
    });
  },
  hint: "ls -ldn <path>; id   # give this user or its group the right to write there",
};

function meaning(errno: string, syscall: string, who: string): string {
  if (syscall === "chown") return `: ${who} may not give files to the group of staging.group`;
  const words: Readonly<Record<string, string>> = {
    EACCES: `${who} may not`,
    EPERM: `${who} may not`,
    EROFS: "it is mounted read-only",
    ENOSPC: "it is full",
    EDQUOT: "the quota is used up",
    ELOOP: "a part of its path is a link or a file",
    ENOTDIR: "a part of its path is a file",
  };
  return words[errno] === undefined ? "" : `: ${words[errno]}`;
}
