import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { ClaimLost } from "../../src/errors/database.ts";
import { ClaimUnrenewable, StagingCancelled } from "../../src/errors/staging.ts";
import { keepClaim } from "../../src/staging/claim-keeper.ts";

type Answer = "held" | "lost" | "cancelled";

/** A claim of 3 s, renewed every second of a clock that stands still unless the test moves it. */
function keep(t: TestContext, renew: (bytesDone: number) => Promise<Answer>) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const claim = keepClaim({ leaseSeconds: 3, renew, log: pino({ level: "silent" }) });
  return {
    ...claim,
    async seconds(count: number) {
      for (let i = 0; i < count * 10; i++) {
        now += 100;
        t.mock.timers.tick(100);
        await new Promise(setImmediate);
      }
    },
  };
}

test("a claim is renewed as long as it is kept, with the progress", async (t) => {
  const told: number[] = [];
  const claim = keep(t, async (bytes) => {
    told.push(bytes);
    return "held";
  });
  await claim.seconds(1);
  claim.progress(500);
  await claim.seconds(9);
  assert.equal(claim.signal.aborted, false);
  assert.deepEqual(told.slice(0, 2), [0, 500]);
  assert.equal(told.length, 10);
  await claim.stop();
  await claim.seconds(20);
  assert.equal(told.length, 10, "not renewed any more");
  assert.equal(claim.signal.aborted, false, "an end of the work is no loss");
});

for (const [answer, reason] of [
  ["lost", ClaimLost],
  ["cancelled", StagingCancelled],
] as const) {
  test(`the answer "${answer}" stops the work at once`, async (t) => {
    let asked = 0;
    const claim = keep(t, async () => (++asked < 3 ? "held" : answer));
    await claim.seconds(2);
    assert.equal(claim.signal.aborted, false);
    await claim.seconds(1);
    assert.ok(claim.signal.reason instanceof reason);
    await claim.seconds(10);
    assert.equal(asked, 3, "nobody is asked again");
  });
}

test("a database that is away for less than the claim holds stops nothing", async (t) => {
  let away = true;
  const claim = keep(t, async () => {
    if (away) throw new Error("away");
    return "held";
  });
  await claim.seconds(1.5);
  away = false;
  await claim.seconds(10);
  assert.equal(claim.signal.aborted, false);
});

test("a database that is away for longer stops the work when the claim has run out, not before and not after", async (t) => {
  const claim = keep(t, () => Promise.reject(new Error("away")));
  await claim.seconds(2.9);
  assert.equal(claim.signal.aborted, false);
  await claim.seconds(0.1);
  assert.ok(claim.signal.reason instanceof ClaimUnrenewable);
  assert.equal((claim.signal.reason.cause as Error).message, "away");
});

test("a database that never answers stops the work when the claim has run out; the end waits for no answer", async (t) => {
  const claim = keep(t, () => new Promise(() => {}));
  await claim.seconds(2.9);
  assert.equal(claim.signal.aborted, false);
  await claim.seconds(0.2);
  assert.ok(claim.signal.reason instanceof ClaimUnrenewable);
  await claim.stop();
});

test("an answer that comes late counts from when it was asked for", async (t) => {
  let answer: ((answer: Answer) => void) | undefined;
  const claim = keep(t, () => new Promise((resolve) => (answer = resolve)));
  await claim.seconds(2.5);
  answer?.("held");
  await claim.seconds(1.4);
  assert.equal(claim.signal.aborted, false, "asked for after 1 s, good for 3 s");
  await claim.seconds(0.2);
  assert.equal(claim.signal.aborted, true);
});
