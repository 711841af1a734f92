import { DataTransferError } from "../errors/data-transfer-error.ts";
import {
  ObjectChanged,
  ObjectMissing,
  SourceForbidden,
  SourceMisconfigured,
  SourceUnreachable,
} from "../errors/source.ts";
import type { Pin } from "./storage.ts";

/** What the SDK hangs on the errors that it makes of an answer. */
interface Answered {
  name: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
}

/**
 * What an error of the SDK, or of the connection below it, means for the work. The HTTP status and S3's own error name
 * decide; the answer's text is kept as the cause alone, since it may repeat what was sent.
 */
export function translateS3Error(error: unknown, storage: string, key: string, pin?: Pin): unknown {
  if (error instanceof DataTransferError || !(error instanceof Error)) return error;
  const cause = { cause: error };
  const { name, code, $metadata, $response } = error as Answered;
  const status = $metadata?.httpStatusCode;
  if (name === "NoSuchBucket") return new SourceMisconfigured({ storage, key, what: "there is no such bucket" }, cause);
  if (status === 412) {
    return new ObjectChanged({ storage, key, pinned: pin?.etag ?? "", found: "another version" }, cause);
  }
  if (status === 404) return new ObjectMissing({ storage, key }, cause);
  if (status === 416) {
    return new ObjectChanged({ storage, key, pinned: pin?.etag ?? "", found: "a shorter version" }, cause);
  }
  if (status === 401 || status === 403) {
    return new SourceForbidden({ storage, key, what: reasons[name] ?? `it answers ${name} (${status})` }, cause);
  }
  if (status === 429 || status === 408 || (status !== undefined && status >= 500)) {
    const retryAfter = parseRetryAfter($response?.headers?.["retry-after"]);
    return new SourceUnreachable({ storage, key, what: `it answers ${name} (${status})`, retryAfter }, cause);
  }
  if (status !== undefined && status >= 300 && status < 500) {
    const what = status < 400 ? "it sends us elsewhere, which is not followed" : `it answers ${name}`;
    return new SourceMisconfigured({ storage, key, what: `${what} (${status})` }, cause);
  }
  if (isCertificateError(code)) {
    return new SourceMisconfigured({ storage, key, what: `its certificate is not accepted (${code})` }, cause);
  }
  return new SourceUnreachable({ storage, key, what: code ?? name }, cause);
}

const reasons: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: "it does not know the access key",
  SignatureDoesNotMatch: "the secret key does not fit the access key",
  RequestTimeTooSkewed: "this machine's clock is wrong",
  AccessDenied: "the access key may not read this",
};

/** OpenSSL's and Node's names for a certificate that is not to be believed. */
function isCertificateError(code: string | undefined): boolean {
  return code !== undefined && (code.startsWith("ERR_TLS_CERT") || /CERT|UNABLE_TO_VERIFY/.test(code));
}

/** @returns ms; undefined when the header is absent or is a date, which needs the server's clock to be right */
function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}
