import type { ItemReason } from "../../src/model/status.ts";
import type { ArchivedPackage } from "./archive.ts";

/** The whole outcome: what is not named here must not be there. */
export interface Expectation {
  /** Visible at the processing location, byte for byte, recorded, and their items completed. */
  staged?: readonly ArchivedPackage[];
  /** Completed at the spare location; only their items are looked at. */
  stagedAtSpare?: readonly ArchivedPackage[];
  failed?: readonly Undone[];
  /** Waiting for something; for their next attempt, unless they wait for somebody to end a pause. */
  pending?: readonly Undone[];
  /** Pending, and nobody has come to them yet. */
  untouched?: readonly ArchivedPackage[];
  /** On the queue: those that a worker gave back have code and reason. */
  scheduled?: readonly (Pick<Undone, "package"> & Partial<Undone>)[];
  /** Of the processing location; empty by default. Dead letters of all queues, in any order. */
  queue?: { waiting?: number; unacked?: number; deadLetters?: readonly string[] };
  /** What lies beside the staged packages without being one: "nothing", or the names. */
  leftOver: "nothing" | readonly string[];
  /** Recorded as staged although their items say something else: they were staged before. */
  stillRecorded?: readonly ArchivedPackage[];
  /** Where the next good package goes, to show that nothing is stuck; "nowhere" while nobody works. */
  next?: "ramses_processing" | "spare_processing" | "nowhere";
}

export interface Undone {
  package: ArchivedPackage | string;
  code: string;
  reason: ItemReason;
}
