import type { DataTransferError } from "../errors/data-transfer-error.ts";
import { SourceForbidden, SourceMisconfigured } from "../errors/source.ts";
import { type Asked, translateStatus } from "./translate-http-error.ts";

/** An S3 answer that is no success. */
export interface S3Refusal {
  status: number;
  /** S3's own name for it, `NoSuchBucket` for one; undefined where it has said nothing. */
  name?: string;
}

/** What an S3 store's refusal means for the work: its status decides, and its own name for it where that knows better. */
export function translateS3Refusal(
  { status, name }: S3Refusal,
  headers: ReadonlyMap<string, string>,
  asked: Asked,
): DataTransferError {
  const { storage, key } = asked;
  if (name === "NoSuchBucket") return new SourceMisconfigured({ storage, key, what: "there is no such bucket" });
  const what = `it answers ${name === undefined ? status : `${name} (${status})`}`;
  if (status === 401 || status === 403) {
    return new SourceForbidden({ storage, key, what: (name !== undefined && reasons[name]) || what });
  }
  return translateStatus(status, headers, asked, what);
}

const reasons: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: "it does not know the access key",
  SignatureDoesNotMatch: "the secret key does not fit the access key",
  RequestTimeTooSkewed: "this machine's clock is wrong",
  AccessDenied: "the access key may not read this",
};
