import type { Mailbox } from "./broker.ts";
import type { Binding, MemoryBrokerHub } from "./memory-hub.ts";

/** A queue of its own in the hub, until it is closed. */
export function memoryMailbox(hub: MemoryBrokerHub, binding: Binding): Mailbox {
  const { queue } = binding;
  const closing = new AbortController();
  hub.bind(binding);
  return {
    async receive(timeout, signal = closing.signal) {
      const ends = AbortSignal.any([signal, closing.signal]);
      if (!ends.aborted) await hub.arrival([queue], timeout, ends);
      return ends.aborted ? undefined : hub.take([queue])?.raw;
    },
    async close() {
      closing.abort();
      hub.unbind(binding);
      while (hub.take([queue]));
    },
  };
}
