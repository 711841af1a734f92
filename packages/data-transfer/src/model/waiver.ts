import type { SafetyRule } from "../errors/package.ts";

/** Rules of safe unpacking that a package may break with a person's word: such entries are noted, and not made. */
export const waivableRules = ["symbolic-link", "hard-link"] as const satisfies readonly SafetyRule[];
export type WaivableRule = (typeof waivableRules)[number];

/** Somebody's word that a package may break a rule. */
export interface Waiver {
  id: number;
  packageId: string;
  packageName: string;
  rule: WaivableRule;
  why: string;
  grantedBy: string;
  /** ISO 8601. */
  grantedAt: string;
  /** Undefined while it is in force. */
  revokedBy: string | undefined;
  revokedAt: string | undefined;
}
