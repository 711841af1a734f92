import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { memoryBroker } from "../../src/broker/memory.ts";
import { MemoryBrokerHub } from "../../src/broker/memory-hub.ts";
import { createControl } from "../../src/client/control.ts";
import { createRemoteControl, type RemoteControlOptions } from "../../src/worker/control/remote-control.ts";
import { revokedTasks } from "../../src/worker/revoked-tasks.ts";
import { hearEvents, node, plain } from "./control-world.ts";
import { plainInside } from "./plain-inside.ts";

const log = pino({ level: "silent" });

async function startHub(t: TestContext) {
  const broker = memoryBroker({ hub: new MemoryBrokerHub() });
  await broker.connect();
  t.after(() => broker.close());
  const make = (name: string, options: Partial<RemoteControlOptions> = {}) => {
    const revoked = revokedTasks();
    const remote = createRemoteControl({
      ...{ broker, inside: plainInside(name), revoked, log, access: "full", taskEvents: false },
      ...{ heartbeatInterval: 60, mingle: true, gossip: true, call: async () => {} },
      ...options,
    });
    t.after(() => remote.stop());
    return { remote, revoked };
  };
  return { broker, make, heard: await hearEvents(broker), control: createControl({ broker }) };
}

test("when remote control has started the worker is online, knows what is revoked, and answers; when it has stopped it is gone", async (t) => {
  const { make, heard, control } = await startHub(t);
  const neighbour = make("celery@lyra");
  await neighbour.remote.start();
  neighbour.revoked.add("a");
  const { remote, revoked } = make(node);
  await remote.start();
  assert.deepEqual(revoked.ids(), ["a"]);
  const events = () => heard.filter(({ hostname }) => hostname === node).map(({ type }) => type);
  assert.deepEqual(events(), ["worker-online"]);
  assert.deepEqual(plain(await control.ping({ destination: [node] })), { [node]: { ok: "pong" } });
  await control.heartbeat();
  await control.ping();
  remote.reconnected();
  await remote.stop();
  assert.deepEqual(events(), ["worker-online", "worker-heartbeat", "worker-online", "worker-offline"]);
  assert.deepEqual(Object.keys(await control.ping()), ["celery@lyra"]);
});

test("a worker that nobody may control takes no revokes from its neighbours either", async (t) => {
  const { make } = await startHub(t);
  const neighbour = make("celery@lyra");
  await neighbour.remote.start();
  neighbour.revoked.add("a");
  for (const access of ["inspect", "off"] as const) {
    const { remote, revoked } = make(`celery@${access}`, { access });
    await remote.start();
    assert.deepEqual(revoked.ids(), []);
  }
});

test("where it cannot begin, nothing of it goes on", async (t) => {
  const { broker, make, heard, control } = await startHub(t);
  let listening = 0;
  const refusing = {
    ...broker,
    async listen(...args: Parameters<typeof broker.listen>) {
      if (args[0].exchange === "celery.pidbox") throw new Error("no more connections");
      const subscription = await broker.listen(...args);
      listening++;
      return {
        async stop() {
          listening--;
          await subscription.stop();
        },
      };
    },
  };
  const { remote } = make(node, { broker: refusing });
  await assert.rejects(remote.start(), /no more connections/);
  assert.equal(listening, 0);
  assert.deepEqual(
    heard.map(({ type }) => type),
    ["worker-online", "worker-offline"],
  );
  assert.deepEqual(plain(await control.ping()), {});
});
