import type { Scope } from "../../../../testing/scope.ts";
import { memoryBroker } from "../../src/broker/memory.ts";
import { MemoryBrokerHub } from "../../src/broker/memory-hub.ts";
import { type BrokerWorld, brokerConformance } from "./broker.conformance.ts";
import { exchangesConformance } from "./exchanges.conformance.ts";
import { parkingConformance } from "./parking.conformance.ts";

brokerConformance("memory", startWorld);
exchangesConformance("memory", startWorld);
parkingConformance("memory", startWorld);

async function startWorld(scope: Scope): Promise<BrokerWorld> {
  let now = Date.now();
  const hub = new MemoryBrokerHub({ now: () => now });
  return {
    async open(options) {
      const broker = memoryBroker({ hub, ...options });
      await broker.connect();
      scope.after(() => broker.close());
      return broker;
    },
    async endLease(tag) {
      hub.unacked.get(tag)!.until = now;
    },
    async elapse(ms) {
      now += ms;
    },
    async flush() {
      hub.flush();
    },
    async pushRaw(queue, raw) {
      hub.push(queue, raw, "tail");
    },
    now: () => now,
  };
}
