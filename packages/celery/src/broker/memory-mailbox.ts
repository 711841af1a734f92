import type { Mailbox } from "./broker.ts";
import type { MemoryBrokerHub } from "./memory-hub.ts";

/** @param unbind  takes the binding away */
export function memoryMailbox(hub: MemoryBrokerHub, queue: string, unbind: () => void): Mailbox {
  const closing = new AbortController();
  return {
    async receive(timeout, signal = closing.signal) {
      const ends = AbortSignal.any([signal, closing.signal]);
      if (!ends.aborted) await hub.arrival([queue], timeout, ends);
      return ends.aborted ? undefined : hub.take([queue])?.raw;
    },
    async close() {
      closing.abort();
      unbind();
      while (hub.take([queue]));
    },
  };
}
