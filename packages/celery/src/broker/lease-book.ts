/**
 * What one broker holds, and until when by this machine's monotonic clock. A lease that may have ended is lost without
 * asking: somebody else may have the message by now.
 */
export interface LeaseBook {
  /** @param since  when the request was sent that took or prolonged it, by `performance.now()` */
  keep(tag: string, lease: Lease, since: number): void;
  /** Undefined when it is not, or no longer, ours. */
  find(tag: string): Lease | undefined;
  /** Only if it is still this one: the message may have been given back and taken again while we asked. */
  forget(tag: string, lease: Lease): void;
}

export interface Lease {
  /** The mark in the recorded entry. */
  holder: string;
  queue: string;
}

/** @param length  of a lease in ms */
export function leaseBook(length: number, now: () => number): LeaseBook {
  const held = new Map<string, Lease & { until: number }>();
  return {
    keep(tag, lease, since) {
      held.set(tag, { ...lease, until: since + length });
    },
    find(tag) {
      const found = held.get(tag);
      if (found && found.until > now()) return found;
      held.delete(tag);
      return undefined;
    },
    forget(tag, { holder }) {
      if (held.get(tag)?.holder === holder) held.delete(tag);
    },
  };
}
