import { UnknownPackage } from "../errors/staging.ts";
import type { StagingJob } from "../model/staging.ts";
import type { Database } from "../opsdb/database.ts";
import { createJob } from "../opsdb/jobs.ts";
import { findProcessingLocation } from "./destination.ts";
import { selectPackages, type Wanted } from "./selection.ts";

export interface StagingRequestOptions extends Wanted {
  /** Name of a processing location on disk. */
  destination: string;
  requester: string;
  /** Seconds that the staged copies are kept. */
  lifetime: number;
  /** 0 (served first) to 9. */
  priority: number;
}

/**
 * Writes a staging job with one item per package. Nothing moves yet: the manager rings the queue.
 *
 * Packages that the catalogue does not know become failed items, so that the others are staged and the job says what was
 * wrong with these.
 *
 * @throws UnknownLocation, NotAProcessingLocation; UnknownPackage when not one of them is known (then no job is made)
 */
export async function requestStaging(db: Database, options: StagingRequestOptions): Promise<StagingJob> {
  const destination = await findProcessingLocation(db, options.destination);
  const { known, unknown } = await selectPackages(db, options);
  if (known.length === 0) throw new UnknownPackage(unknown);
  return db.transaction((tx) =>
    createJob(tx, {
      destinationId: destination.id,
      requester: options.requester,
      priority: options.priority,
      lifetime: options.lifetime,
      items: [
        ...known.map(({ id, name, size }) => ({ packageId: id, packageName: name, size })),
        ...unknown.map((name) => ({ packageName: name, size: 0, failed: failure(new UnknownPackage([name])) })),
      ],
    }),
  );
}

function failure(error: UnknownPackage) {
  return { reason: "unknown_package" as const, code: error.code, text: error.message };
}
