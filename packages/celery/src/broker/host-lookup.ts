import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";

/** The last address of each host that a connection was made to. */
const lastGood = new Map<string, LookupAddress>();

/** Lookups under way, so that attempt after attempt waits for one and not each for its own. */
const underWay = new Map<string, Promise<LookupAddress[]>>();

/** How long a lookup may take, in ms, before the last good address is used. */
const patience = 1000;

/**
 * Looks a host up as Node does, by the system's resolver. That waits for a thread of the pool which files and hashing
 * use too, and may not come to it for minutes: after a second, or when the resolver says that it cannot answer now, the
 * address that the last connection went to is tried.
 */
export const lookupHost: LookupFunction = (host, options, callback) => {
  const known = lastGood.get(host);
  let answered = false;
  const answer = (addresses: readonly LookupAddress[], error: NodeJS.ErrnoException | null = null) => {
    if (answered) return;
    answered = true;
    clearTimeout(timer);
    const [first] = addresses;
    if (options.all) callback(error, [...addresses]);
    else callback(error, first?.address ?? "", first?.family);
  };
  const timer = known && setTimeout(() => answer([known]), patience);
  lookupOnce(host).then(answer, (error: NodeJS.ErrnoException) => {
    if (known && error.code === "EAI_AGAIN") answer([known]);
    else answer([], error);
  });
};

/** Remembers where a connection was made. */
export function rememberAddress(host: string, { address, family }: LookupAddress): void {
  lastGood.set(host, { address, family });
}

function lookupOnce(host: string): Promise<LookupAddress[]> {
  const waiting = underWay.get(host);
  if (waiting) return waiting;
  const asked = new Promise<LookupAddress[]>((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  }).finally(() => underWay.delete(host));
  underWay.set(host, asked);
  return asked;
}
