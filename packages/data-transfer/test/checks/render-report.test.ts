import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ok, problem, skipped } from "../../src/checks/check.ts";
import { isHealthy, paintLine, reportDocument, reportLines } from "../../src/checks/render-report.ts";
import { runChecks } from "../../src/checks/run-checks.ts";
import { BrokerCertificateName } from "../../src/errors/broker.ts";
import { aCheck, theFacts } from "./stand-ins.ts";

const { signal } = new AbortController();

/** One of each, in two categories. */
const mixed = await runChecks(
  [
    aCheck("settings-a", () => ok(), { category: "settings" }),
    aCheck("redis-a", () => skipped("redis.tls is false")),
    aCheck("redis-b", () => ok("at redis:6379")),
    aCheck("redis-c", () => problem("it ends in 12 days, on 2026-12-10"), { severity: "warning" }),
    aCheck("redis-d", () => {
      throw new BrokerCertificateName("the certificate of Redis at redis:6379 is for another name");
    }),
    aCheck("redis-e", () => ok(), { needs: ["redis-d"] }),
    aCheck("storage-a", () => problem("one\n  two"), { category: "storage" }),
  ],
  theFacts(),
  { signal },
);
const well = await runChecks([aCheck("redis-a", () => ok())], theFacts(), { signal });
const warned = mixed.filter(({ result }) => result !== "failure" && result !== "not-run");

test("the report for people has a line for each check, what helps, and the verdict last", () => {
  assertGolden("table.txt", reportLines(mixed));
});

test("the short report tells what is not as it should be, and nothing where all is well", () => {
  assertGolden("short.txt", reportLines(mixed, { short: true }));
  assert.deepEqual(reportLines(well, { short: true }), []);
});

test("the report for programs is one document", () => {
  const text = JSON.stringify(reportDocument(mixed), undefined, 2);
  assertGolden("report.json", text.split("\n"));
});

test("warnings do not make it unhealthy, failures do; the verdict says which", () => {
  assert.deepEqual([isHealthy(well), isHealthy(warned), isHealthy(mixed)], [true, true, false]);
  assert.equal(isHealthy(mixed.filter(({ result }) => result !== "not-run")), false, "a failure alone is enough");
  assert.equal(reportLines(well).at(-1), "√ fit for work: 1 ok");
  assert.equal(reportLines(warned).at(-1), "‼ fit for work: 1 warning, 2 ok");
  assert.equal(reportLines(mixed).at(-1), "× not fit for work: 2 failed, 1 warning, 1 not checked, 2 ok");
});

test("colours are those of the symbols, and none is in what was found", () => {
  const style = (color: string, text: string) => `<${color}>${text}</>`;
  assert.deepEqual(
    reportLines(mixed)
      .map((line) => paintLine(line, style))
      .filter((line) => line.includes("<")),
    [
      "<green>√</> settings-a is well",
      "<dim>- redis-a is well (nothing to check: redis.tls is false)</>",
      "<green>√</> redis-b is well (at redis:6379)",
      "<yellow>‼</> redis-c is well",
      "<red>×</> redis-d is well",
      "<dim>- redis-e is well (not checked: redis-d has failed)</>",
      "<red>×</> storage-a is well",
      "<red>×</> not fit for work: 2 failed, 1 warning, 1 not checked, 2 ok",
    ],
  );
});

/** With WRITE_GOLDEN=true the file is written anew: look at what has changed. */
function assertGolden(name: string, lines: readonly string[]): void {
  const path = fileURLToPath(new URL(`golden/${name}`, import.meta.url));
  const text = `${lines.join("\n")}\n`;
  if (process.env.WRITE_GOLDEN === "true") writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"));
}
