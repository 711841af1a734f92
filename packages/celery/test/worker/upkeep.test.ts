import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { MemoryBrokerHub, memoryBroker } from "../../src/index.ts";
import { QueueCycle } from "../../src/worker/queue-cycle.ts";
import { startUpkeep } from "../../src/worker/upkeep.ts";

test("a worker whose clock is ahead of the broker's asks for what is due in calm steps, and gets it when it is", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const broker = memoryBroker({ hub: new MemoryBrokerHub(), lease: 60_000 });
  const dueAt = 1_005_000;
  let asked = 0;
  t.mock.method(broker, "restoreOrphans", async () => {
    asked++;
    const brokersNow = Date.now() - 8_000;
    return { restored: 0, due: 0, nextDue: brokersNow < dueAt ? new Date(dueAt) : undefined };
  });
  const upkeep = startUpkeep(broker, "ahead", new QueueCycle(["q"]), pino({ level: "silent" }));
  t.after(() => upkeep.stop());
  upkeep.expect(new Date(dueAt));
  const pass = async (ms: number) => {
    for (let i = 0; i < ms; i++) {
      t.mock.timers.tick(1);
      for (let turn = 0; turn < 10; turn++) await undefined;
    }
  };
  await pass(5_002);
  assert.equal(asked, 1, "in time by its own clock");
  await pass(8_000);
  assert.ok(asked > 20 && asked < 60, `${asked} times in 8 s`);
  const until = asked;
  await pass(1_000);
  assert.ok(asked <= until + 1, "it has come");
});
