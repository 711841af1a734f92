import type { Logger } from "pino";
import { CredentialsMissing, StorageNotSupported } from "../errors/source.ts";
import type { DataLocation } from "../model/location.ts";
import { checkDiskRoot, checkEndpoint } from "./check-endpoint.ts";
import { diskStorage } from "./disk.ts";
import { s3Storage } from "./s3.ts";
import type { Storage } from "./storage.ts";
import { withLog } from "./with-log.ts";
import { type RetryPolicy, withRetry } from "./with-retry.ts";
import { withStallLimit } from "./with-stall-limit.ts";

export interface ArchiveOptions {
  /** Origins that S3 archives may have. */
  allowedEndpoints: readonly string[];
  /** Folders that disk archives may lie in. */
  allowedRoots: readonly string[];
  /** Access to an S3 archive; undefined where none is set. */
  credentialsOf(location: DataLocation): { accessKey: string; secretKey: string } | undefined;
  retry: RetryPolicy;
  /** Seconds without a byte after which a read is begun anew. */
  stallLimit: number;
  log: Logger;
  /** PEM of the authorities that may sign S3 endpoints' certificates; the system's by default. */
  ca?: string;
}

/**
 * Opens a location of the catalogue for reading: the backend that it needs, with a stall limit, retries and a log.
 *
 * @throws EndpointNotAllowed, CredentialsMissing, StorageNotSupported
 */
export function openArchive(location: DataLocation, options: ArchiveOptions): Storage {
  const storage = withLog(options.log, withStallLimit(options.stallLimit, openBackend(location, options)));
  return withRetry(options.retry, storage);
}

function openBackend(location: DataLocation, options: ArchiveOptions): Storage {
  switch (location.storageType) {
    case "disk":
      return diskStorage({ root: checkDiskRoot(location.path, options.allowedRoots) });
    case "s3": {
      const { bucket, prefix, region } = location;
      const { origin } = checkEndpoint(location.endpoint, options.allowedEndpoints);
      const credentials = options.credentialsOf(location);
      if (credentials === undefined) throw new CredentialsMissing({ location: location.name });
      return s3Storage({ endpoint: origin, bucket, prefix, region, ...credentials, ca: options.ca });
    }
    case "tape":
      throw new StorageNotSupported({ location: location.name, storageType: location.storageType });
  }
}
