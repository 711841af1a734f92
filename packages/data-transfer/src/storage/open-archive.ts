import type { Logger } from "pino";
import { CredentialsMissing, StorageNotSupported } from "../errors/source.ts";
import type { DataLocation } from "../model/location.ts";
import { checkDiskRoot, checkEndpoint } from "./check-endpoint.ts";
import { Concurrency } from "./concurrency.ts";
import { diskStorage } from "./disk.ts";
import { defaultConnections, type ParallelOptions } from "./read-parallel.ts";
import { s3Storage } from "./s3.ts";
import type { SlabPool } from "./slab-pool.ts";
import type { Storage } from "./storage.ts";
import { withLog } from "./with-log.ts";
import { type StorageObserver, withMetrics } from "./with-metrics.ts";
import { type RateLimit, withRateLimit } from "./with-rate-limit.ts";
import { type RetryPolicy, withRetry } from "./with-retry.ts";
import { withStallLimit } from "./with-stall-limit.ts";

export interface ArchiveOptions {
  /** Origins that S3 archives may have. */
  allowedEndpoints: readonly string[];
  /** Folders that disk archives may lie in. */
  allowedRoots: readonly string[];
  /** Access to an S3 archive; undefined where none is set. */
  credentialsOf(location: DataLocation): { accessKey: string; secretKey: string } | undefined;
  /** PEM of the authorities that may sign S3 endpoints' certificates; the system's by default. */
  ca?: string;
  reading: ReadingOptions;
}

/** How any source is read, whatever it is. */
export interface ReadingOptions {
  retry: RetryPolicy;
  /** Seconds without a byte after which a read is begun anew. */
  stallLimit: number;
  log: Logger;
  observer?: StorageObserver;
  /** Shared by all reads of a worker. */
  rateLimit?: RateLimit;
  /** Parts of one object under way at most. */
  connections?: number;
  /** Bytes of a part. */
  partSize?: number;
  /** Memory for parts that come before their turn, shared by all reads of a worker. */
  slabs?: SlabPool;
}

/** A storage that knows how it is to be read in parallel parts. */
export interface Source extends Storage {
  readonly parallel: ParallelOptions;
}

/**
 * Opens a location of the catalogue for reading: the backend that it needs, decorated by {@link asSource}.
 *
 * @throws EndpointNotAllowed, CredentialsMissing, StorageNotSupported
 */
export function openArchive(location: DataLocation, options: ArchiveOptions): Source {
  return asSource(openBackend(location, options), options.reading);
}

/**
 * What every backend needs before it is read from, from the inside: a stall limit, a log and metrics of every try, the
 * rate limit, whose waiting is nobody's stall, and retries. A retry tells the parallel reader that the archive is in trouble.
 */
export function asSource(backend: Storage, options: ReadingOptions): Source {
  const { retry, stallLimit, log, observer, rateLimit, connections = defaultConnections, partSize, slabs } = options;
  const concurrency = new Concurrency({ ceiling: connections });
  let storage = withLog(log, withStallLimit(stallLimit, backend));
  if (observer !== undefined) storage = withMetrics(observer, storage);
  if (rateLimit !== undefined) storage = withRateLimit(rateLimit, storage);
  const report: RetryPolicy["report"] = (event) => {
    if (event.type === "retry") concurrency.trouble();
    retry.report?.(event);
  };
  return { ...withRetry({ ...retry, report }, storage), parallel: { partSize, slabs, concurrency } };
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
