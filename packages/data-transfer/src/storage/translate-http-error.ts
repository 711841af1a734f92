import { DataTransferError } from "../errors/data-transfer-error.ts";
import {
  LongObject,
  ObjectChanged,
  ObjectMissing,
  SourceForbidden,
  SourceMisconfigured,
  SourceUnreachable,
} from "../errors/source.ts";
import { HttpFailure } from "./http/http-failure.ts";
import type { ByteRange, Pin } from "./storage.ts";

/** What was asked for when it failed. */
export interface Asked {
  storage: string;
  key: string;
  pin?: Pin | undefined;
  range?: Required<ByteRange>;
}

/** What a failed connection, or an answer that is no HTTP, means for the work. Other errors are given back as they are. */
export function translateHttpError(error: unknown, { storage, key, range }: Asked): unknown {
  if (error instanceof DataTransferError || !(error instanceof Error)) return error;
  const cause = { cause: error };
  if (error instanceof HttpFailure) {
    if (error.code === "surplus" && range !== undefined) {
      const expected = range.end - range.start;
      return new LongObject({ storage, key, expected, found: expected + 1 }, cause);
    }
    const isOutage = error.code === "connect-timeout" || error.code === "closed";
    return new SourceUnreachable({ storage, key, what: error.message, isOutage }, cause);
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  if (isCertificateError(code)) {
    return new SourceMisconfigured({ storage, key, what: `its certificate is not accepted (${code})` }, cause);
  }
  return new SourceUnreachable({ storage, key, what: code, isOutage: true }, cause);
}

/** Too slow, too busy, or said by whoever stands before the archive. A 500 may be about this very object. */
const outages: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * What a status means for the work. It alone decides.
 *
 * @param headers  of the answer
 * @param what  how it is told, where the server had words of its own
 */
export function translateStatus(
  status: number,
  headers: ReadonlyMap<string, string>,
  { storage, key, pin }: Asked,
  what = `it answers ${status}`,
): DataTransferError {
  const pinned = pin?.etag ?? "";
  if (status === 412) return new ObjectChanged({ storage, key, pinned, found: "another version" });
  if (status === 416) return new ObjectChanged({ storage, key, pinned, found: "a shorter version" });
  if (status === 404 || status === 410) return new ObjectMissing({ storage, key });
  if (status === 401 || status === 403) return new SourceForbidden({ storage, key, what });
  if (status === 429 || status === 408 || status >= 500) {
    const isOutage = outages.has(status);
    return new SourceUnreachable({ storage, key, what, status, isOutage, retryAfter: retryAfter(headers) });
  }
  if (status < 300) return new SourceUnreachable({ storage, key, what: `${what}, which was not asked for` });
  const sent = status < 400 ? `it sends us elsewhere, which is not followed (${status})` : what;
  return new SourceMisconfigured({ storage, key, what: sent });
}

/**
 * How long a server wants us to wait. A date is compared with the answer's own, so that the clocks need not agree.
 *
 * @returns ms; undefined when nothing is said
 */
export function retryAfter(headers: ReadonlyMap<string, string>): number | undefined {
  const said = headers.get("retry-after");
  if (said === undefined) return undefined;
  if (/^\d{1,7}$/.test(said)) return Number(said) * 1000;
  const wait = Date.parse(said) - Date.parse(headers.get("date") ?? "");
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** OpenSSL's and Node's names for a certificate that is not to be believed. */
function isCertificateError(code: string): boolean {
  return code.startsWith("ERR_TLS_CERT") || /CERT|UNABLE_TO_VERIFY/.test(code);
}
