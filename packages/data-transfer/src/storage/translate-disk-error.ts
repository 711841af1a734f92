import { errnoOf } from "../errors/errno.ts";
import {
  KeyRefused,
  ObjectMissing,
  SourceForbidden,
  SourceMisconfigured,
  SourceUnreachable,
} from "../errors/source.ts";

/**
 * What a failed file-system call says of an archive on disk. Without a key it was the archive's own folder.
 * Other errors (an abort's reason among them) are given back as they are.
 */
export function translateDiskError(error: unknown, storage: string, key?: string): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const cause = { cause: error };
  switch (code) {
    case "ENOENT":
      if (key !== undefined) return new ObjectMissing({ storage, key }, cause);
      return new SourceMisconfigured({ storage, what: "the folder does not exist on this machine" }, cause);
    case "ENOTDIR":
    case "ELOOP":
    case "EISDIR":
    case "ENXIO":
    case "ENAMETOOLONG":
      if (key !== undefined) return new KeyRefused({ storage, key, why: refusals[code] }, cause);
      return new SourceMisconfigured({ storage, what: "it is not a folder" }, cause);
    case "EACCES":
    case "EPERM":
      return new SourceForbidden({ storage, key, what: "this user may not read it" }, cause);
    default:
      return new SourceUnreachable({ storage, key, what: code, isOutage: outages.has(code) }, cause);
  }
}

/** What a network file system says whose servers are away. EIO may as well be a damaged disk. */
const outages: ReadonlySet<string> = new Set([
  "ESTALE",
  "ETIMEDOUT",
  "ENOTCONN",
  "ESHUTDOWN",
  "EHOSTDOWN",
  "EHOSTUNREACH",
]);

const refusals = {
  // Linux answers ENOTDIR, not ELOOP, when a link is opened as a directory that is not to be followed.
  ENOTDIR: "a part of it is a link or a file",
  ELOOP: "it leads through a link",
  EISDIR: "it is a folder",
  ENXIO: "it is a pipe or a socket",
  ENAMETOOLONG: "it is too long",
} as const;
