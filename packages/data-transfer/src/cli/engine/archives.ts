import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Logger } from "pino";
import { SourceAuthoritiesUnreadable } from "../../errors/source.ts";
import type { DataLocation } from "../../model/location.ts";
import type { Settings } from "../../settings/settings.ts";
import { openArchive, type ReadingOptions } from "../../storage/open-archive.ts";
import { SlabPool } from "../../storage/slab-pool.ts";
import type { Storage } from "../../storage/storage.ts";
import type { StorageObserver } from "../../storage/with-metrics.ts";
import { RateLimit } from "../../storage/with-rate-limit.ts";
import type { RetryEvent } from "../../storage/with-retry.ts";

/** Opened archives, each once: their connections are kept from one package to the next. */
export interface Archives {
  open(location: DataLocation): Storage;
  close(): Promise<void>;
}

export function createArchives(settings: Settings, log: Logger, observer?: StorageObserver): Archives {
  const opened = new Map<number, Storage>();
  const { storage } = settings;
  const reading = readingOptions(settings, log, observer);
  return {
    open(location) {
      const known = opened.get(location.id);
      if (known !== undefined) return known;
      const archive = openArchive(inRegion(settings, location), {
        allowedEndpoints: storage.allowedEndpoints,
        allowedRoots: storage.allowedRoots.map((root) => resolve(root)),
        credentialsOf: (of) => credentialsOf(settings, of),
        ca: authorities(storage.caFile),
        reading,
      });
      opened.set(location.id, archive);
      return archive;
    },
    async close() {
      await Promise.all([...opened.values()].map((archive) => archive.close()));
    },
  };
}

/** How sources are read, by the settings. What all reads share is made here: to be called once. */
export function readingOptions({ storage }: Settings, log: Logger, observer?: StorageObserver): ReadingOptions {
  return {
    retry: {
      attempts: storage.retries + 1,
      firstDelay: 500,
      maxDelay: 30_000,
      report: (event) => reportRetry(log, event),
    },
    stallLimit: storage.stallTimeout,
    log,
    observer,
    rateLimit: storage.rateLimit > 0 ? new RateLimit(storage.rateLimit) : undefined,
    connections: storage.connections,
    partSize: storage.partSize,
    slabs: new SlabPool(storage.readMemory),
  };
}

function reportRetry(log: Logger, event: RetryEvent): void {
  const { storage, key, operation, tries } = event;
  const facts = { storage, key, operation, tries };
  if (event.type === "recovered") log.info(facts, "read succeeded after it had failed");
  else log.warn({ ...facts, code: event.error.code, delay: event.delay }, `${event.error.message}; tried again`);
}

/** Signatures are made for the region of the table `s3.{site_short_name}_{location_name}`, where it names one. */
export function inRegion<L extends DataLocation>(settings: Settings, location: L): L {
  const region = settings.s3[`${location.site.shortName}_${location.name}`]?.region;
  return location.storageType === "s3" && region !== undefined ? { ...location, region } : location;
}

/** PEM texts, read when an archive is opened. @throws SourceAuthoritiesUnreadable */
export function authorities(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SourceAuthoritiesUnreadable(file, (error as NodeJS.ErrnoException).code ?? "unknown reason", error);
  }
}

/** From the table `s3.{site_short_name}_{location_name}`. */
export function credentialsOf(settings: Settings, { site, name }: DataLocation) {
  const { accessKey, secretKey } = settings.s3[`${site.shortName}_${name}`] ?? {};
  if (accessKey === undefined || secretKey === undefined) return undefined;
  return { accessKey: accessKey.reveal(), secretKey: secretKey.reveal() };
}
