import type { Settings } from "../settings/settings.ts";
import type { Answer } from "../storage/mount-probe-child.ts";
import { createProbeProcess } from "../storage/probe-process.ts";

/** A folder that packages are staged to, looked at by a process that may hang in our place. */
export interface FolderFacts {
  /** What the file system says of it. @throws StorageStalled */
  look(): Promise<Answer>;
  /** What it says when it is written to, as a package would be. @throws StorageStalled */
  tryWriting(): Promise<Answer>;
  forget(): void;
  stop(): void;
}

/** Seconds: who waits for the check is to be told what hangs, and not that the check took too long. */
const longest = 25;

/** @param root  folder from which on no link is followed */
export function createFolderFacts(path: string, root: string, staging: Settings["staging"]): FolderFacts {
  const { probeTimeout, fileMode, dirMode, group } = staging;
  const child = createProbeProcess({ path, root, writes: false });
  let seen: Promise<Answer> | undefined;

  async function ask(trial?: Parameters<typeof child.ask>[1]): Promise<Answer> {
    const answer = await child.ask(Math.min(probeTimeout, longest), trial);
    if (answer === undefined) throw new Error("the process that looks at the file system has ended before it answered");
    return answer;
  }

  return {
    look() {
      seen ??= ask();
      seen.catch(() => {});
      return seen;
    },
    tryWriting: () => ask({ fileMode, dirMode, group }),
    forget() {
      seen = undefined;
    },
    stop: () => child.stop(),
  };
}
