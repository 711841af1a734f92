import sql from "sql-template-tag";
import type { Queryable } from "./database.ts";

/** Who did what to what. `subject` is like `job:12`, `location:cologne/ramses_processing`, `copy:7`. */
export interface AuditEvent {
  actor: string;
  action: string;
  subject: string;
  details?: Readonly<Record<string, unknown>>;
}

/** Adds to the audit trail, which nobody can change afterwards. */
export async function audit(q: Queryable, { actor, action, subject, details = {} }: AuditEvent): Promise<void> {
  await q.query(sql`
    INSERT INTO audit_event (actor, action, subject, details)
    VALUES (${actor}, ${action}, ${subject}, ${JSON.stringify(details)})`);
}

/** The trail of one subject, oldest first. */
export async function auditTrail(q: Queryable, subject: string): Promise<(AuditEvent & { at: string })[]> {
  return await q.query(sql`
    SELECT at, actor, action, subject, details FROM audit_event WHERE subject = ${subject} ORDER BY id`);
}
