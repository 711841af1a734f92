import sql, { type Sql } from "sql-template-tag";
import type { SafetyRule } from "../errors/package.ts";
import type { WaivableRule, Waiver } from "../model/waiver.ts";
import { audit } from "./audit.ts";
import type { Queryable } from "./database.ts";

export interface NewWaiver {
  packageId: string;
  rule: WaivableRule;
  /** For those who ask later why this was let through. */
  why: string;
  /** Who answers for it. */
  actor: string;
}

/**
 * Lets a package break a rule from now on.
 *
 * @returns the waiver, and whether it is new: one that is in force already stays as it is
 */
export async function grantWaiver(
  tx: Queryable,
  { packageId, rule, why, actor }: NewWaiver,
): Promise<{ waiver: Waiver; added: boolean }> {
  const [added] = await tx.query<{ id: number }>(sql`
    INSERT INTO package_waiver (raw_data_package_id, rule, why, granted_by)
    VALUES (${packageId}, ${rule}, ${why}, ${actor})
    ON CONFLICT (raw_data_package_id, rule) WHERE revoked_at IS NULL DO NOTHING
    RETURNING id`);
  if (added) await audit(tx, { actor, action: "waive", subject: `package:${packageId}`, details: { rule, why } });
  const [waiver] = await select(
    tx,
    sql`WHERE w.raw_data_package_id = ${packageId} AND w.rule = ${rule} AND w.revoked_at IS NULL`,
  );
  return { waiver: waiver!, added: added !== undefined };
}

/** Ends a waiver; what was staged under it stays. Undefined when none was in force. */
export async function revokeWaiver(
  tx: Queryable,
  { packageId, rule, actor }: Omit<NewWaiver, "why">,
): Promise<Waiver | undefined> {
  const [revoked] = await tx.query<{ id: number }>(sql`
    UPDATE package_waiver SET revoked_by = ${actor}, revoked_at = now()
    WHERE raw_data_package_id = ${packageId} AND rule = ${rule} AND revoked_at IS NULL
    RETURNING id`);
  if (!revoked) return undefined;
  await audit(tx, { actor, action: "revoke-waiver", subject: `package:${packageId}`, details: { rule } });
  const [waiver] = await select(tx, sql`WHERE w.id = ${revoked.id}`);
  return waiver;
}

/** The rules that a package may break now. */
export async function waiversOf(q: Queryable, packageId: string): Promise<SafetyRule[]> {
  const rows = await q.query<{ rule: WaivableRule }>(sql`
    SELECT rule FROM package_waiver WHERE raw_data_package_id = ${packageId} AND revoked_at IS NULL ORDER BY rule`);
  return rows.map(({ rule }) => rule);
}

export interface WaiverFilter {
  packageId?: string | undefined;
  /** Those that were revoked, too. */
  revoked?: boolean;
}

/** The latest first. */
export async function listWaivers(q: Queryable, { packageId, revoked = false }: WaiverFilter = {}): Promise<Waiver[]> {
  return await select(
    q,
    sql`WHERE (${packageId}::uuid IS NULL OR w.raw_data_package_id = ${packageId}::uuid)
      AND (${revoked} OR w.revoked_at IS NULL)`,
  );
}

async function select(q: Queryable, where: Sql): Promise<Waiver[]> {
  return await q.query(sql`
    SELECT w.id, w.raw_data_package_id AS "packageId", p.name AS "packageName", w.rule, w.why,
           w.granted_by AS "grantedBy", w.granted_at AS "grantedAt", w.revoked_by AS "revokedBy", w.revoked_at AS "revokedAt"
    FROM package_waiver w JOIN raw_data_package p ON p.id = w.raw_data_package_id
    ${where} ORDER BY w.id DESC`);
}
