/** What a store says of an object without sending it. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  /** Identity of this version of the object; opaque. Not an MD5 for multipart uploads. */
  etag: string;
  /** The store sends the whole object only: a read from its middle begins with the first byte all the same. */
  wholeOnly?: true;
}

/** Half-open byte range; `end` undefined means to the end of the object. */
export interface ByteRange {
  start: number;
  end?: number;
}

/** The version that a read insists on: every range carries it, so that an object replaced in between is noticed. */
export interface Pin {
  etag: string;
  size: number;
}

/**
 * Where packages are read from. Backends (disk, s3) and decorators (retry, limit, log) all have this shape and pass one
 * suite, `storage.conformance.ts`.
 */
export interface Storage {
  /** For logs and metrics: `disk:/archive`, `s3:https://host/bucket`. Never a credential. */
  readonly name: string;
  /** @throws ObjectMissing, SourceUnreachable, SourceForbidden */
  stat(key: string, signal: AbortSignal): Promise<ObjectInfo>;
  /**
   * Exactly the bytes of the range, in chunks. A chunk is good until the next one is asked for: who wants to keep it
   * copies it, since its memory may be used again.
   *
   * @throws ObjectMissing, ObjectChanged (the pin does not hold), ShortObject (fewer bytes than the range has), SourceUnreachable
   */
  read(key: string, range: ByteRange, pin: Pin, signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}
