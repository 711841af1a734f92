/** Values as the CCAT data model stores them. The opsdb's checks are generated from these lists. */
export const statuses = ["pending", "scheduled", "in_progress", "completed", "failed"] as const;
export type Status = (typeof statuses)[number];

export const packageStates = ["waiting", "transferring", "archived", "failed"] as const;
export type PackageState = (typeof packageStates)[number];

export const physicalCopyStatuses = [
  "present",
  "staged",
  "deletion_scheduled",
  "deletion_in_progress",
  "deletion_possible",
  "deleted",
  "deletion_failed",
] as const;
export type PhysicalCopyStatus = (typeof physicalCopyStatuses)[number];

/** Why an item is not done. A closed list: a client may switch over it. */
export const itemReasons = [
  "no_source",
  "no_space",
  "corrupt_source",
  "unreadable_source",
  "unknown_package",
  "destination_occupied",
  "misconfigured",
  "paused",
  "cancelled",
  "interrupted",
  "worker_lost",
  "transient",
] as const;
export type ItemReason = (typeof itemReasons)[number];
