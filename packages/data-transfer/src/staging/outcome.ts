import { DataTransferError, type ErrorKind } from "../errors/data-transfer-error.ts";
import { StorageStalled } from "../errors/destination.ts";
import { ManifestInvalid, UnknownAlgorithm, UnsafeName } from "../errors/package.ts";
import {
  CredentialsMissing,
  EndpointNotAllowed,
  KeyRefused,
  ObjectMissing,
  SourceAuthoritiesUnreadable,
  SourceForbidden,
  SourceMisconfigured,
  SourceStalled,
  SourceUnreachable,
  StorageNotSupported,
} from "../errors/source.ts";
import {
  ArchiveAway,
  DestinationOccupied,
  NoSource,
  StagingDefect,
  StagingInterrupted,
  UnknownPackage,
} from "../errors/staging.ts";
import type { StagingItem } from "../model/staging.ts";
import type { ItemReason } from "../model/status.ts";

/** How an attempt that did not succeed leaves its item. */
export type ItemOutcome = {
  reason: ItemReason;
  code: string;
  text: string;
} & ({ to: "pending"; retryInSeconds: number; countsAsFailure: boolean } | { to: "scheduled" } | { to: "failed" });

export interface RetryPolicy {
  /** Failed attempts after which a transient error is final; interruptions and waiting do not count. Space and configuration wait for ever: a person or room ends them. */
  maxAttempts: number;
  /** Seconds before the second attempt; doubled with each further one. */
  base: number;
  /** Seconds between two attempts at most. */
  max: number;
  /** The same while no archive can be reached that has the package. */
  maxWhileAway: number;
}

/**
 * What an error does to the item whose attempt it ended. The class of the error decides, never its text:
 * transient → again after a growing while, at most `maxAttempts` times; space, configuration → again and again, since
 * they end from outside, and so do a mount that hangs and an archive that is away; integrity, cancelled → failed.
 *
 * @param item as it was when this attempt began: `attempt` is its number, from 1; `failures` are those before it
 */
export function outcomeOf(
  thrown: unknown,
  { attempt, failures }: Pick<StagingItem, "attempt" | "failures">,
  policy: RetryPolicy,
  random = Math.random,
): ItemOutcome {
  const error = thrown instanceof DataTransferError ? thrown : new StagingDefect(thrown);
  const why = { reason: reasonOf(error), code: error.code, text: error.message };
  if (error instanceof StagingInterrupted) return { ...why, to: "scheduled" };
  // However long a mount hangs, no package fails for it.
  if (error instanceof StorageStalled) {
    return { ...why, to: "pending", retryInSeconds: backOff(attempt, policy, random), countsAsFailure: false };
  }
  // Nor for an archive that is away. Whoever returns is to be noticed soon.
  if (error instanceof ArchiveAway) {
    const soon = { ...policy, max: Math.min(policy.max, policy.maxWhileAway) };
    return { ...why, to: "pending", retryInSeconds: backOff(attempt, soon, random), countsAsFailure: false };
  }
  switch (error.kind) {
    case "transient":
      return failures + 1 < policy.maxAttempts
        ? { ...why, to: "pending", retryInSeconds: backOff(failures + 1, policy, random), countsAsFailure: true }
        : { ...why, to: "failed" };
    case "space":
    case "configuration":
      return { ...why, to: "pending", retryInSeconds: backOff(attempt, policy, random), countsAsFailure: false };
    case "integrity":
    case "cancelled":
      return { ...why, to: "failed" };
  }
}

const reasonOfKind: Readonly<Record<ErrorKind, ItemReason>> = {
  transient: "transient",
  configuration: "misconfigured",
  integrity: "corrupt_source",
  space: "no_space",
  cancelled: "cancelled",
};

/** Errors whose reason says more than their kind. */
const reasonOfClass: readonly [Class, ItemReason][] = [
  [StagingInterrupted, "interrupted"],
  [ArchiveAway, "unreadable_source"],
  [NoSource, "no_source"],
  [ObjectMissing, "no_source"],
  [UnknownPackage, "unknown_package"],
  [DestinationOccupied, "destination_occupied"],
  [UnsafeName, "misconfigured"],
  [ManifestInvalid, "misconfigured"],
  [UnknownAlgorithm, "misconfigured"],
  [KeyRefused, "unreadable_source"],
  [SourceUnreachable, "unreadable_source"],
  [SourceStalled, "unreadable_source"],
  [SourceForbidden, "unreadable_source"],
  [SourceMisconfigured, "unreadable_source"],
  [StorageNotSupported, "unreadable_source"],
  [EndpointNotAllowed, "unreadable_source"],
  [CredentialsMissing, "unreadable_source"],
  [SourceAuthoritiesUnreadable, "unreadable_source"],
];

// biome-ignore lint/suspicious/noExplicitAny: constructors differ in what they take.
type Class = new (...args: any[]) => DataTransferError;

function reasonOf(error: DataTransferError): ItemReason {
  return reasonOfClass.find(([type]) => error instanceof type)?.[1] ?? reasonOfKind[error.kind];
}

/** Exponential, with a jitter of a quarter either way so that many items do not come back at once. */
function backOff(attempt: number, { base, max }: RetryPolicy, random: () => number): number {
  return Math.min(max, base * 2 ** Math.min(attempt - 1, 30)) * (0.75 + random() / 2);
}
