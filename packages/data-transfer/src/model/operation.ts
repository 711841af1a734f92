import type { LocationType } from "./location.ts";

/** Operations that this system carries out, and the kind of location at which each may happen. */
export const operationTypes = ["staging"] as const;
export type OperationType = (typeof operationTypes)[number];

export const operationsAt: Readonly<Record<LocationType, readonly OperationType[]>> = {
  source: [],
  buffer: [],
  long_term_archive: [],
  processing: ["staging"],
};
