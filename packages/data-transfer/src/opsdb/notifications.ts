import sql, { type Sql } from "sql-template-tag";
import type { Database, Queryable } from "./database.ts";
import type { Listener } from "./listener.ts";

// Hints only: whoever listens also looks by himself from time to time. Channels belong to the whole database, so each
// payload says of which schema it speaks.

/** Something became pending. */
const itemsChannel = "cdt_items";
/** An item moved on, or should stop. */
const progressChannel = "cdt_progress";

/** Wakes managers. Takes effect when the transaction commits. */
export async function notifyItems(q: Queryable): Promise<void> {
  await q.query(sql`SELECT pg_notify(${itemsChannel}, json_build_object('schema', current_schema())::text)`);
}

/** For a FROM list: tells of the item in each row. */
export function notifyProgress(jobId: Sql, itemId: Sql): Sql {
  return sql`pg_notify(${progressChannel},
    json_build_object('schema', current_schema(), 'job', ${jobId}, 'item', ${itemId})::text)`;
}

/** Calls `handler` when there may be something to schedule. */
export async function listenForItems(db: Database, handler: () => void): Promise<Listener> {
  return await db.listen(itemsChannel, (payload) => {
    if (payload === undefined || read(payload, db)) handler();
  });
}

/** Calls `handler` for every item that moved on, and with `undefined` when something may have been missed. */
export async function listenForProgress(
  db: Database,
  handler: (moved: { job: number; item: number } | undefined) => void,
): Promise<Listener> {
  return await db.listen(progressChannel, (payload) => {
    if (payload === undefined) return handler(undefined);
    const moved = read(payload, db);
    if (moved) handler({ job: Number(moved.job), item: Number(moved.item) });
  });
}

/** Undefined for another schema's notification, and for what anybody else may have sent on our channel. */
function read(payload: string, db: Database): Record<string, unknown> | undefined {
  try {
    const said = JSON.parse(payload) as Record<string, unknown> | null;
    return said?.schema === db.schema ? said : undefined;
  } catch {
    return undefined;
  }
}
