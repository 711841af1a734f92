import type { Pin } from "./storage.ts";

/** Before a version that is a time; no ETag begins like this. */
const byTime = "last-modified:";

/**
 * The version of an object, out of an answer's header fields: its strong ETag. Where there is none, the time of its last
 * change, which together with the size is a weaker pin: a change within the same second that keeps the size is not seen,
 * other than by the catalogue's checksum.
 *
 * @param like  what it is compared with: an answer that has both is read as the pin is
 * @returns undefined when the answer has neither
 */
export function describeVersion(headers: ReadonlyMap<string, string>, like?: Pin): string | undefined {
  const etag = headers.get("etag");
  const strong = etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : undefined;
  const time = headers.get("last-modified");
  const timed = time === undefined || time === "" ? undefined : byTime + time;
  return like?.etag.startsWith(byTime) ? timed : (strong ?? (like === undefined ? timed : undefined));
}

/** The condition that a read carries. */
export function pinHeaders({ etag }: Pin): Record<string, string> {
  return etag.startsWith(byTime) ? { "if-unmodified-since": etag.slice(byTime.length) } : { "if-match": etag };
}
