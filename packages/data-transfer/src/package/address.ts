import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors/usage.ts";

/** Where a package lies, as a person names it. */
export type Address =
  | { kind: "file"; path: string }
  | { kind: "input" }
  | { kind: "http"; url: URL }
  | { kind: "s3"; bucket: string; key: string };

/**
 * Reads `https://host/path`, `s3://bucket/key`, `-` (standard input), or a path. A key is taken as it stands, without
 * percent-decoding.
 *
 * @throws UsageError, also for an address with a password in it: that would stand in lists of processes and histories
 */
export function parseAddress(text: string): Address {
  if (text === "-") return { kind: "input" };
  if (text === "") throw notUsable(text, "it is empty");
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "file", path: resolve(text) };
  if (scheme === "s3") return parseS3(text);
  const url = URL.parse(text);
  if (url === null) throw notUsable(text, "it is not a URL");
  if (url.username !== "" || url.password !== "") throw notUsable(url.host, "credentials do not belong into a URL");
  if (scheme === "file") return { kind: "file", path: fileOf(url) };
  if (scheme !== "http" && scheme !== "https") throw notUsable(text, `${scheme} is not known here`);
  url.hash = "";
  return { kind: "http", url };
}

/** How an address is told to people: without the query, which may carry a signature. */
export function shownAddress(address: Address): string {
  switch (address.kind) {
    case "file":
      return address.path;
    case "input":
      return "standard input";
    case "http":
      return address.url.origin + address.url.pathname;
    case "s3":
      return `s3://${address.bucket}/${address.key}`;
  }
}

/** The last part of an address: the name that the package has there. */
export function baseName(address: Address): string {
  const shown = shownAddress(address);
  return shown.slice(shown.lastIndexOf("/") + 1) || shown;
}

/**
 * Tells sources apart in the names of private directories. A query is not part of it: signed addresses of one object differ
 * from each other, and what may be resumed is decided by the object's version.
 */
export function identityOf(address: Address, endpoint?: string): string {
  return JSON.stringify([shownAddress(address), endpoint ?? ""]);
}

function parseS3(text: string): Address {
  const [, bucket, key] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(text) as unknown as [string, string, string];
  if (!/^[a-z0-9][a-z0-9._-]{1,254}$/i.test(bucket)) throw notUsable(text, "it names no bucket");
  if (key === "") throw notUsable(text, "it names no key");
  return { kind: "s3", bucket, key };
}

function fileOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw notUsable(url.href, (error as Error).message);
  }
}

function notUsable(address: string, why: string): UsageError {
  return new UsageError(
    `a package cannot be read from "${address}": ${why}`,
    "ccat_data_transfer package fetch --help   # https://host/path, s3://bucket/key, or a path",
  );
}
