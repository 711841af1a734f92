import assert from "node:assert/strict";
import { test } from "node:test";
import { ok, problem, skipped, warning } from "../../src/checks/check.ts";
import { reportWithoutSettings, runChecks, withNeeds } from "../../src/checks/run-checks.ts";
import { BrokerLogin } from "../../src/errors/broker.ts";
import { Interrupted } from "../../src/errors/interrupted.ts";
import { SettingsInvalid } from "../../src/errors/settings.ts";
import { aCheck, theFacts } from "./stand-ins.ts";

const { signal } = new AbortController();

test("what has failed keeps from being made what needs it, and nothing else", async () => {
  const reports = await runChecks(
    [
      aCheck("first", () => problem("it is broken")),
      aCheck("second", () => ok(), { needs: ["first"] }),
      aCheck("third", () => ok(), { needs: ["second"] }),
      aCheck("other", () => ok("12 of them")),
      aCheck("warned", () => problem("nearly"), { severity: "warning" }),
      aCheck("unknown", () => warning("who knows")),
      aCheck("absent", () => ok(), { unless: () => "there is none" }),
      aCheck("last", () => skipped("not here"), { needs: ["warned", "unknown", "absent"] }),
    ],
    theFacts(),
    { signal },
  );
  assert.deepEqual(
    reports.map(({ id, result, words }) => [id, result, words]),
    [
      ["first", "failure", "it is broken"],
      ["second", "not-run", "first has failed"],
      // It says what is to be mended, not what else could not be made.
      ["third", "not-run", "first has failed"],
      ["other", "ok", "12 of them"],
      ["warned", "warning", "nearly"],
      ["unknown", "warning", "who knows"],
      ["absent", "skipped", "there is none"],
      ["last", "skipped", "not here"],
    ],
  );
  assert.deepEqual(
    reports.map(({ help }) => help),
    ["mend first", undefined, undefined, undefined, "mend warned", "mend unknown", undefined, undefined],
  );
});

test("an error is told with its sentence, its code and what it says helps; one that nobody foresaw, too", async () => {
  const error = new BrokerLogin("Redis does not take the password");
  const throwing = () => {
    throw error;
  };
  const [known, hinted, unforeseen] = await runChecks(
    [
      aCheck("known", throwing),
      aCheck("hinted", throwing, { hintFirst: true }),
      aCheck("unforeseen", () => Promise.reject(new TypeError("x is not a function"))),
    ],
    theFacts(),
    { signal },
  );
  assert.deepEqual([known?.words, known?.code, known?.help], [error.message, error.code, error.help]);
  assert.deepEqual([hinted?.code, hinted?.help], [error.code, "mend hinted"]);
  assert.deepEqual([unforeseen?.result, unforeseen?.words], ["failure", "it cannot be found out: x is not a function"]);
});

test("a check that does not answer in time is given up, and told to stop", async () => {
  let told = false;
  const hanging = aCheck("hanging", (_, stop) => {
    stop.addEventListener("abort", () => {
      told = true;
    });
    return new Promise(() => {});
  });
  const [report, next] = await runChecks([hanging, aCheck("next", () => ok())], theFacts(), { signal, deadline: 0.2 });
  assert.deepEqual([report?.result, report?.words], ["failure", "no answer within 0.2 s"]);
  assert.equal(next?.result, "ok");
  assert.ok(told);
});

test("what may recover is looked at again until it is well or the time is up; everything else once", async () => {
  let looks = 0;
  let forgotten = 0;
  const heard: string[] = [];
  const facts = theFacts({ forget: () => void forgotten++ });
  const options = { signal, wait: 60, every: 0.01, onWait: (_: unknown, words: string) => void heard.push(words) };
  const [slow, hopeless] = await runChecks(
    [
      aCheck("slow", () => (++looks < 3 ? problem(`look ${looks}`) : ok()), { mayRecover: true }),
      aCheck("hopeless", () => problem("for good")),
    ],
    facts,
    options,
  );
  assert.deepEqual([slow?.result, hopeless?.result], ["ok", "failure"]);
  assert.deepEqual([looks, forgotten, heard], [3, 2, ["look 1", "look 2"]]);

  looks = -1000;
  const [never] = await runChecks(
    [aCheck("never", () => (++looks < 0 ? problem("not yet") : ok()), { mayRecover: true })],
    facts,
    { signal, wait: 0.2, every: 0.05 },
  );
  assert.equal(never?.result, "failure");
  assert.ok(looks > -1000 + 1, "it was looked at again");
  assert.ok(looks < -900, "and not without end");

  looks = 0;
  await runChecks([aCheck("once", () => problem(`${++looks}`), { mayRecover: true })], facts, { signal });
  assert.equal(looks, 1, "without a wish to wait nothing is waited for");
});

test("a signal ends it, also while something is waited for", async () => {
  for (const check of [
    aCheck("hanging", () => new Promise(() => {})),
    aCheck("waiting", () => problem("not yet"), { mayRecover: true }),
  ]) {
    const controller = new AbortController();
    const running = runChecks([check], theFacts(), { signal: controller.signal, wait: 3600, every: 3600 });
    setTimeout(() => controller.abort(new Interrupted("SIGTERM")), 50);
    await assert.rejects(running, Interrupted);
  }
});

test("whoever asks for a check is given those that it needs, in their order", () => {
  const all = [
    aCheck("a", () => ok()),
    aCheck("b", () => ok(), { needs: ["a"] }),
    aCheck("c", () => ok()),
    aCheck("d", () => ok(), { needs: ["b"] }),
    aCheck("e", () => ok(), { needs: ["d"] }),
  ];
  assert.deepEqual(
    withNeeds(all, ({ id }) => id === "d").map(({ id }) => id),
    ["a", "b", "d"],
  );
});

test("without settings the first check has failed, and no other is made", () => {
  const error = new SettingsInvalid([{ where: "here", key: "redis.port", found: "no", expected: "a number" }]);
  const reports = reportWithoutSettings([aCheck("one", () => ok()), aCheck("two", () => ok())], error);
  assert.deepEqual(
    reports.map(({ id, result, code, words }) => [id, result, code, words]),
    [
      ["one", "failure", "CDT-SETTINGS", error.message],
      ["two", "not-run", undefined, "one has failed"],
    ],
  );
});
