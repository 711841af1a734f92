import { dirname } from "node:path";
import { CrossDevice, DestinationNotWritable, NoSpace, StorageFailed } from "../errors/destination.ts";
import { errnoOf } from "../errors/errno.ts";

/**
 * What a failed file-system call at the destination means for the work. Anything that is not such a failure (an abort's
 * reason, our own errors) is given back as it is.
 *
 * @param operation the call's name, for the sentence
 */
export function translateWriteError(error: unknown, path: string, operation: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const cause = { cause: error };
  switch (errno) {
    case "ENOSPC":
    case "EDQUOT":
      return new NoSpace({ path, errno }, cause);
    case "EXDEV":
      return new CrossDevice({ from: dirname(path), to: path }, cause);
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
    case "ELOOP":
      return new DestinationNotWritable({ path, errno, why: reasons[errno] }, cause);
    case "ENOENT":
      return new DestinationNotWritable({ path, errno, why: "the folder it belongs in does not exist" }, cause);
    default:
      return new StorageFailed({ path, errno, operation }, cause);
  }
}

const reasons = {
  EACCES: "this user may not",
  EPERM: "this user may not",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of its path is a file or a link",
  ELOOP: "a part of its path is a link",
} as const;
