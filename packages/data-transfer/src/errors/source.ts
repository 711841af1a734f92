import { CancelledError, ConfigurationError, IntegrityError, TransientError } from "./data-transfer-error.ts";

/** What went wrong where a package is read from. `storage` is the storage's name, never a credential. */
interface SourceFacts extends Record<string, unknown> {
  storage: string;
  key?: string;
}

/** The store answers, and says that the object is not there. Another copy may be. */
export class ObjectMissing extends IntegrityError {
  readonly code = "CDT-OBJECT-MISSING";
  readonly help = "ccat_data_transfer stage plan <package>   # which other copies are there?";

  constructor(facts: SourceFacts & { key: string }, options?: ErrorOptions) {
    super(`${facts.storage} has no object ${facts.key}`, facts, options);
  }
}

/** The object was replaced after reading had begun. Worth another attempt from its first byte, never a resumed one. */
export class ObjectChanged extends TransientError {
  readonly code = "CDT-OBJECT-CHANGED";
  readonly help = "nothing to do: it is read anew; if it happens again, ask who writes to the archive";

  constructor(facts: SourceFacts & { key: string; pinned: string; found: string }, options?: ErrorOptions) {
    super(
      `${facts.key} on ${facts.storage} was replaced while it was being read (${facts.pinned}, now ${facts.found})`,
      facts,
      options,
    );
  }
}

/** A read ended as if it were complete, before the last byte that was asked for; or the object is smaller than known. */
export class ShortObject extends IntegrityError {
  readonly code = "CDT-SHORT-OBJECT";
  readonly help = "ccat_data_transfer stage plan <package>   # is there another copy? this one has lost its end";

  constructor(facts: SourceFacts & { key: string; expected: number; found: number }, options?: ErrorOptions) {
    super(`${facts.key} on ${facts.storage} ends after ${facts.found} bytes of ${facts.expected}`, facts, options);
  }
}

/** More bytes came than were asked for; or the object is larger than known. */
export class LongObject extends IntegrityError {
  readonly code = "CDT-LONG-OBJECT";
  readonly help =
    "ccat_data_transfer stage plan <package>   # is there another copy? this one is not what was archived";

  constructor(facts: SourceFacts & { key: string; expected: number; found: number }, options?: ErrorOptions) {
    super(
      `${facts.key} on ${facts.storage} has ${facts.found} bytes or more, expected were ${facts.expected}`,
      facts,
      options,
    );
  }
}

/** No answer, a broken connection, or an answer that says "later" (`status`; `retryAfter` in ms where it says when). */
export class SourceUnreachable extends TransientError {
  readonly code = "CDT-SOURCE-UNREACHABLE";
  readonly help = "nothing to do: it is tried again; if it lasts, see whether the archive can be reached from here";
  readonly retryAfter: number | undefined;
  /** Nobody answered for the archive, or somebody said that it does not work now: it says nothing about the object. */
  readonly isOutage: boolean;

  constructor(
    {
      isOutage = false,
      ...facts
    }: SourceFacts & { what: string; status?: number; retryAfter?: number; isOutage?: boolean },
    options?: ErrorOptions,
  ) {
    super(`${facts.storage} cannot be read: ${facts.what}`, facts, options);
    this.retryAfter = facts.retryAfter;
    this.isOutage = isOutage;
  }
}

/** No bytes for longer than the stall limit. */
export class SourceStalled extends TransientError {
  readonly code = "CDT-SOURCE-STALLED";
  readonly help = "nothing to do: it is tried again; if it lasts, see whether the archive can be reached from here";

  constructor(facts: SourceFacts & { seconds: number }, options?: ErrorOptions) {
    super(`${facts.storage} sent nothing for ${facts.seconds} s`, facts, options);
  }
}

/** The store knows us not, or does not let us read. */
export class SourceForbidden extends ConfigurationError {
  readonly code = "CDT-SOURCE-FORBIDDEN";
  readonly help = "ccat_data_transfer settings show   # which access key is used, and from where does it come?";

  constructor(facts: SourceFacts & { what: string }, options?: ErrorOptions) {
    super(`${facts.storage} refuses to be read: ${facts.what}`, facts, options);
  }
}

/** The store is not where, or not what, the settings or the catalogue say: no such bucket, a redirect, a bad certificate. */
export class SourceMisconfigured extends ConfigurationError {
  readonly code = "CDT-SOURCE-MISCONFIGURED";
  readonly help = "ccat_data_transfer location list   # are endpoint, bucket and path right?";

  constructor(facts: SourceFacts & { what: string }, options?: ErrorOptions) {
    super(`${facts.storage} is not set up as a source: ${facts.what}`, facts, options);
  }
}

/** A key from the catalogue that could leave the location, or that leads through a link. */
export class KeyRefused extends IntegrityError {
  readonly code = "CDT-SOURCE-KEY";
  readonly help = "correct the key of this copy in the operations database";

  constructor(facts: SourceFacts & { key: string; why: string }, options?: ErrorOptions) {
    super(`the key ${JSON.stringify(facts.key)} is not read from ${facts.storage}: ${facts.why}`, facts, options);
  }
}

/** A dry run has come to the point where a package would be read. */
export class ReadNotMade extends CancelledError {
  readonly code = "CDT-DRY-RUN";
  readonly help = "the same command without --dry-run reads it";

  constructor(facts: SourceFacts & { key: string; bytes: number }, options?: ErrorOptions) {
    super(`${facts.bytes} bytes of ${facts.key} on ${facts.storage} were not read: this is a dry run`, facts, options);
  }
}

/** The catalogue names a host, or a folder, that nobody allowed in the settings. */
export class EndpointNotAllowed extends ConfigurationError {
  readonly code = "CDT-ENDPOINT-NOT-ALLOWED";
  readonly help = "ccat_data_transfer settings show   # add it to the list if it is one of ours";

  constructor(facts: { endpoint: string; allowed: readonly string[] }, options?: ErrorOptions) {
    const list = facts.allowed.length === 0 ? "no place is" : `allowed are ${facts.allowed.join(", ")}`;
    super(`${facts.endpoint} is not a place that packages may be read from: ${list}`, facts, options);
  }
}

export class CredentialsMissing extends ConfigurationError {
  readonly code = "CDT-CREDENTIALS-MISSING";
  readonly help = "ccat_data_transfer settings show   # set the access key and secret key of this location";

  constructor(facts: { location: string }, options?: ErrorOptions) {
    super(`no access key and secret key are set for the location ${facts.location}`, facts, options);
  }
}

/** A location of a kind that packages cannot be read from. */
export class StorageNotSupported extends ConfigurationError {
  readonly code = "CDT-STORAGE-NOT-SUPPORTED";
  readonly help = "ccat_data_transfer stage plan <package>   # is there a copy on disk or in an object store?";

  constructor(facts: { location: string; storageType: string }, options?: ErrorOptions) {
    super(`packages cannot be read from ${facts.location}, a location of type ${facts.storageType}`, facts, options);
  }
}

/** The file with the authorities that may sign S3 endpoints' certificates is not there, or not ours to read. */
export class SourceAuthoritiesUnreadable extends ConfigurationError {
  readonly code = "CDT-SOURCE-AUTHORITIES";
  readonly help = "ccat_data_transfer settings show storage   # storage.ca_file must be a PEM file that can be read";

  constructor(file: string, why: string, cause: unknown) {
    super(
      `the authorities of S3 endpoints' certificates cannot be read from ${file}: ${why}`,
      { file, why },
      { cause },
    );
  }
}
