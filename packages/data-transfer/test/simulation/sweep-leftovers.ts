import type { Logger } from "pino";
import type { Process } from "../../../celery/test/simulation/process.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { readdir, rename, rmdir, unlink } from "./disk/fs-promises.ts";
import { stagedFolder } from "./packages.ts";

/** What is removed has this name first, and is nobody's any more. */
const doomed = ".leftover-";

/**
 * Removes what dead attempts have left, again and again: the database says which attempts live; what belongs to none is
 * renamed first, so that neither a frozen attempt nor a later one finds it half removed.
 */
export async function sweepLeftovers(db: Database, process: Process, every: number, log: Logger): Promise<void> {
  for (let count = 0; process.alive; count++) {
    await process.sleep(every);
    try {
      await sweepOnce(db, `${process.name.replaceAll(" ", "-")}-${count}`, log);
    } catch (error) {
      log.warn({ err: error }, "leftovers could not be swept");
    }
  }
}

async function sweepOnce(db: Database, mark: string, log: Logger): Promise<void> {
  const names = (await readdir(stagedFolder).catch(() => [])) as string[];
  for (const name of names) {
    const item = /^\.staging-(\d+)-\d+$/.exec(name)?.[1];
    if (item === undefined) {
      if (name.startsWith(doomed)) await remove(`${stagedFolder}/${name}`);
      continue;
    }
    const [row] = await db.query<{ status: string }>({
      text: "SELECT i.status FROM staging_item i WHERE i.id = $1",
      values: [Number(item)],
    } as never);
    if (row?.status === "in_progress") continue;
    const place = `${stagedFolder}/${doomed}${name.slice(1)}-${mark}`;
    try {
      await rename(`${stagedFolder}/${name}`, place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw error;
    }
    log.info({}, `removes ${name}`);
    await remove(place);
  }
}

async function remove(path: string): Promise<void> {
  try {
    const entries = (await readdir(path, { withFileTypes: true })) as { name: string; isDirectory(): boolean }[];
    for (const entry of entries) {
      if (entry.isDirectory()) await remove(`${path}/${entry.name}`);
      else await unlink(`${path}/${entry.name}`);
    }
    await rmdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
