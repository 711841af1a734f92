import { opendir, rename, unlink } from "node:fs/promises";
import type { Logger } from "pino";
import {
  type AttemptName,
  graveName,
  parseGraveName,
  parsePrivateName,
  parseSumsDraftName,
} from "../bundle/private-names.ts";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import { type AttemptStanding, attemptStandings } from "../opsdb/attempts.ts";
import type { Queryable } from "../opsdb/database.ts";
import { openFolder } from "./open-folder.ts";
import { type Removed, removeInSteps } from "./remove-in-steps.ts";

export interface LeftoverOptions {
  db: Queryable;
  /** Folder that packages are staged to: `{location}/staged`. */
  folder: string;
  /** Folder from which on no link is followed. */
  root: string;
  /** Seconds without an attempt after which what a waiting item has written so far is given up. */
  keepPartial: number;
  signal: AbortSignal;
  log: Logger;
}

/**
 * Removes what dead attempts have left in a folder of staged packages, and what an earlier sweep left unfinished. Who
 * lives is asked of the database alone. Only names that we make are touched, directly in that folder, without following
 * links: each is renamed first, so that an attempt that wakes up finds its directory gone and can publish nothing.
 *
 * @throws DestinationNotWritable, StorageFailed, errors of the database, or the signal's reason
 */
export async function removeLeftovers(options: LeftoverOptions): Promise<Removed> {
  const { db, folder, root, signal, log } = options;
  const total: Removed = { files: 0, bytes: 0 };
  const opened = await openFolder(root, folder);
  if (opened === undefined) return total;
  try {
    const here = `/proc/self/fd/${opened.fd}`;
    const { attempts, half, drafts, marks } = await findOurs(here);
    for (const name of marks) await removeInSteps(`${here}/${name}`, signal).catch(() => signal.throwIfAborted());
    const items = new Set([...attempts, ...drafts].map(({ item }) => item));
    const standings = await attemptStandings(db, [...items]);
    for (const draft of drafts) {
      if (isOver(draft, standings)) await unlink(`${here}/${draft.name}`).catch(() => {});
    }
    const doomed = attempts.filter((found) => judge(found, attempts, standings, options.keepPartial) === "remove");
    for (const { name, item, attempt } of doomed) {
      const grave = graveName(item, attempt);
      // Somebody may have taken it over, or swept it, since we looked: then it is theirs.
      if (await renamed(`${here}/${name}`, `${here}/${grave}`)) half.push({ name: grave, item, attempt });
    }
    for (const { name, item, attempt } of half) {
      const { files, bytes } = await removeInSteps(`${here}/${name}`, signal);
      log.info({ folder, item, attempt, files, bytes }, "removed what an attempt that is over had left");
      total.files += files;
      total.bytes += bytes;
    }
    return total;
  } catch (error) {
    throw translateWriteError(error, folder, "sweep");
  } finally {
    await opened.close();
  }
}

interface Found extends AttemptName {
  name: string;
}

/**
 * What becomes of an attempt's directory. Once another attempt has begun or the item has ended, that attempt can never be
 * alive again, so the answer cannot become wrong while we act on it.
 */
export function judge(
  { item, attempt }: AttemptName,
  all: readonly AttemptName[],
  standings: readonly AttemptStanding[],
  keepPartial: number,
): "keep" | "remove" {
  const standing = standings.find(({ itemId }) => itemId === item);
  // Of these the database knows nothing: another one's, or this one was restored from a backup.
  if (standing === undefined || attempt > standing.attempt) return "keep";
  if (standing.status === "completed" || standing.status === "failed") return "remove";
  if (standing.status === "in_progress" && attempt === standing.attempt) return "keep";
  // The next attempt takes the latest one over, and goes on from there.
  const isLatest = all.every((other) => other.item !== item || other.attempt <= attempt);
  if (!isLatest) return "remove";
  return standing.status === "pending" && standing.secondsIdle > keepPartial ? "remove" : "keep";
}

/** Whether nobody can be at work under that name any more, by the same reasoning. */
function isOver({ item, attempt }: AttemptName, standings: readonly AttemptStanding[]): boolean {
  const standing = standings.find(({ itemId }) => itemId === item);
  if (standing === undefined || attempt > standing.attempt) return false;
  return attempt < standing.attempt || standing.status !== "in_progress";
}

async function findOurs(
  folder: string,
): Promise<{ attempts: Found[]; half: Found[]; drafts: Found[]; marks: string[] }> {
  const attempts: Found[] = [];
  const drafts: Found[] = [];
  const half: Found[] = [];
  const marks: string[] = [];
  for await (const { name } of await opendir(`${folder}/.`)) {
    if (!name.startsWith(".staging-")) continue;
    const attempt = parsePrivateName(name);
    const removed = parseGraveName(name);
    const draft = parseSumsDraftName(name);
    if (attempt !== undefined) attempts.push({ name, ...attempt });
    else if (removed !== undefined) half.push({ name, ...removed });
    else if (draft !== undefined) drafts.push({ name, ...draft });
    // A probe that died between two calls has left it; one that lives does not mind.
    else if (/^\.staging-probe-[0-9a-f]{16}(\.seen)?$/.test(name)) marks.push(name);
  }
  return { attempts, half, drafts, marks };
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
