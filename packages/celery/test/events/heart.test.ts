import assert from "node:assert/strict";
import { type as systemName } from "node:os";
import { test } from "node:test";
import type { EventDispatcher, EventFields } from "../../src/worker/events/event-dispatcher.ts";
import { startHeart } from "../../src/worker/events/heart.ts";

test("a worker says that it is there, beats as often as it says, and says that it goes", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const sent: Record<string, unknown>[] = [];
  const send = (type: string, fields: EventFields) => void sent.push({ type, ...fields });
  const events = { send } as EventDispatcher;
  let processed = 0;
  const heart = startHeart(events, { load: () => ({ processed, active: 1 }) }, 2_000);
  processed = 5;
  t.mock.timers.tick(4_100);
  heart.beat();
  heart.stop();
  t.mock.timers.tick(10_000);
  assert.deepEqual(
    sent.map(({ type, processed: done }) => [type, done]),
    [
      ["worker-online", 0],
      ["worker-heartbeat", 5],
      ["worker-heartbeat", 5],
      ["worker-heartbeat", 5],
      ["worker-offline", 5],
    ],
  );
  const { loadavg, sw_ver, ...rest } = sent[1]!;
  assert.match(String(sw_ver), /^\d+\.\d+\.\d+/);
  assert.equal((loadavg as number[]).length, 3);
  assert.deepEqual(rest, {
    type: "worker-heartbeat",
    freq: 2,
    active: 1,
    processed: 5,
    sw_ident: "celery-node",
    sw_sys: systemName(),
  });
});
