import { type Check, ok, problem } from "../check.ts";
import { bytesInWords } from "../words.ts";
import { atEachPlace } from "./places.ts";

export const storageFree: Check = {
  id: "storage-free",
  category: "storage",
  statement: "more room is free than staging.keep_free keeps, in bytes and in files",
  severity: "fatal",
  needs: ["storage-answers"],
  mayRecover: true,
  run(facts) {
    const { keepFree } = facts.settings.staging;
    return atEachPlace(facts, async ({ path, folder }) => {
      const { statfs } = await folder.look();
      // File systems that do not count say 0 of 0.
      const bytes = statfs === undefined || statfs.blocks === 0 ? undefined : statfs.bavail * statfs.bsize;
      const files = statfs === undefined || statfs.files === 0 ? undefined : statfs.ffree;
      if (bytes !== undefined && bytes <= keepFree) {
        return problem(`${path} has ${bytesInWords(bytes)} free, ${bytesInWords(keepFree)} are to be kept`);
      }
      if (files === 0) return problem(`${path} takes no more files (no inodes are free)`);
      const words = [
        ...(bytes === undefined ? [] : [bytesInWords(bytes)]),
        ...(files === undefined ? [] : [`${files} files`]),
      ];
      return ok(words.length === 0 ? "it does not say" : `${words.join(", ")} free`);
    });
  },
  hint: "df -h <path>; df -i <path>   # docs/operations.md, Making room",
};
