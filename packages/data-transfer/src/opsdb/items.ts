// What may be done with an item, in the order of its life.

export { type Completion, completeItem, failItem, type Release, releaseItem } from "./claim-ends.ts";
export { type Claimed, type ClaimOptions, type ClaimOutcome, claimItem, renewClaim } from "./claims.ts";
export { type JobEnd, settleJob } from "./job-end.ts";
export {
  failUnclaimedItem,
  holdItem,
  type ItemFailure,
  markScheduled,
  type RingItem,
  takeItemsToRing,
} from "./scheduling.ts";
