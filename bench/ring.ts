import { createClient, redisBroker, redisResults } from "@ccatobs/celery";
import sql from "sql-template-tag";
import { removeTree } from "../packages/data-transfer/src/bundle/remove-tree.ts";
import { jobItems } from "../packages/data-transfer/src/opsdb/jobs.ts";
import { stagedDirectory } from "../packages/data-transfer/src/staging/destination.ts";
import { stagingTaskName } from "../packages/data-transfer/src/staging/message.ts";
import { requestStaging } from "../packages/data-transfer/src/staging/request.ts";
import { createRing } from "../packages/data-transfer/src/staging/ring.ts";
import type { Rig } from "./rig.ts";

/** The manager's part: asks for packages and rings the queue. */
export interface Bell {
  /**
   * Requests a package, rings, and waits until it is staged.
   *
   * @throws {TaskFailed} when it could not be staged
   */
  stage(packageName: string): Promise<StagedOnce>;
  close(): Promise<void>;
}

export interface StagedOnce {
  /** From before the message is published to its claim by the worker, as the database timed it, in ms. */
  pickUp: number;
  /** From before the message is published to the arrival of its result: staged, recorded, acknowledged; in s. */
  seconds: number;
}

/** Longer than any package of the bench takes on a slow disk, in ms. */
const patience = 30 * 60_000;

export async function openBell(rig: Rig): Promise<Bell> {
  const { host, port, password, tls } = rig.redis;
  const secure = { ca: tls!.ca, cert: tls!.cert, key: tls!.key, serverName: "localhost" };
  const options = { host, port, password: password!, tls: secure };
  const broker = redisBroker(options);
  const results = redisResults(options);
  await Promise.all([broker.connect(), results.connect()]);
  const client = createClient({ broker, results });
  const ring = createRing(client, stagingTaskName);
  return {
    async stage(packageName) {
      const wanted = { packages: [packageName], destination: "ramses_processing" };
      const job = await requestStaging(rig.db, { ...wanted, requester: "bench", lifetime: 86_400, priority: 6 });
      const { id, taskId } = (await jobItems(rig.db, job.id))[0]!;
      const result = client.result(taskId);
      const published = performance.now();
      await ring.send({ id, taskId, priority: 6, destination: rig.destination });
      await result.wait(AbortSignal.timeout(patience));
      const ended = performance.now();
      return { pickUp: (await claimedAt(rig, id)) - (published + clockOffset()), seconds: (ended - published) / 1000 };
    },
    async close() {
      await Promise.all([broker.close(), results.close()]);
    },
  };
}

/** Takes a staged package away, so that it is staged anew. */
export async function unstage({ directory, destination }: Rig, packageName: string): Promise<void> {
  const target = stagedDirectory(directory, destination, packageName);
  await Promise.all([removeTree(target), removeTree(`${target}.xxh64`)]);
}

/** In ms since 1970, to the microsecond. */
async function claimedAt({ db }: Rig, itemId: number): Promise<number> {
  const rows = await db.query<{ at: string }>(sql`
    SELECT (extract(epoch FROM started_at) * 1000)::text AS at FROM staging_item WHERE id = ${itemId}`);
  return Number(rows[0]!.at);
}

/**
 * What turns `performance.now()` into the time of day, to some microseconds: `performance.timeOrigin` does not follow
 * when the system's clock is corrected.
 */
function clockOffset(): number {
  const began = Date.now();
  for (;;) {
    const now = Date.now();
    if (now > began) return now - performance.now();
  }
}
