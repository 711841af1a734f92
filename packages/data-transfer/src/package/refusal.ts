import { DataTransferError } from "../errors/data-transfer-error.ts";
import { TargetExists } from "../errors/destination.ts";
import { KeyRefused, ObjectMissing } from "../errors/source.ts";

/**
 * Whether an error says that the package, or what lies at its place, is not what it has to be: an answer to what was
 * asked, after which nothing is left behind. Every other error says that there is no answer yet.
 */
export function isRefusal(error: unknown): error is DataTransferError {
  if (error instanceof TargetExists) return true;
  if (error instanceof ObjectMissing || error instanceof KeyRefused) return false;
  return error instanceof DataTransferError && error.kind === "integrity";
}

/** What helps the person who typed the command, where an error's own words are for a worker that tries again by itself. */
export function helpFor(error: unknown): string | undefined {
  return error instanceof DataTransferError ? helps.get(error.code) : undefined;
}

const moveAway = "nothing there was touched: look at it, then move it away or name another place";
const readAgain =
  "read it once more, or another copy of it; if it is refused again it is damaged, or not what the manifest was made of";
const makeAnew = "ask who made the package: it must be made anew, without what is named here";
const runAgain = "run the same command again; if it lasts, see whether the place can be reached from here";
const whichKeys = "which keys are used? AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --keys <name> of the settings";

const helps: ReadonlyMap<string, string> = new Map([
  ["CDT-DESTINATION-OCCUPIED", moveAway],
  ["CDT-TARGET-EXISTS", moveAway],
  ["CDT-CHECKSUM", readAgain],
  ["CDT-EXTRA-FILE", readAgain],
  ["CDT-LONG-OBJECT", readAgain],
  ["CDT-MISSING-FILE", readAgain],
  ["CDT-PACKAGE-TOO-LONG", readAgain],
  ["CDT-PACKAGE-TOO-SHORT", readAgain],
  ["CDT-SHORT-OBJECT", readAgain],
  ["CDT-TAR-DAMAGED", readAgain],
  ["CDT-WRONG-SIZE", readAgain],
  ["CDT-DUPLICATE-MEMBER", makeAnew],
  ["CDT-UNSAFE-MEMBER", makeAnew],
  ["CDT-OBJECT-CHANGED", runAgain],
  ["CDT-SOURCE-STALLED", runAgain],
  ["CDT-SOURCE-UNREACHABLE", runAgain],
  ["CDT-STORAGE-FAILED", runAgain],
  ["CDT-CREDENTIALS-MISSING", whichKeys],
  ["CDT-SOURCE-FORBIDDEN", whichKeys],
  ["CDT-OBJECT-MISSING", "is the address right?"],
  ["CDT-SOURCE-MISCONFIGURED", "are address and endpoint right?"],
  ["CDT-NO-SPACE", "make room there, then run the same command again"],
  ["CDT-DESTINATION-NOT-WRITABLE", "give this user the right to write there, then run the same command again"],
  ["CDT-TAKEN-OVER", "another run with the same destination goes on with it"],
]);
