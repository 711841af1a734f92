import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { Logger } from "pino";
import { UsageError } from "../../src/errors/usage.ts";
import { createLogger } from "../../src/logging/logger.ts";
import { registerSecret } from "../../src/logging/redact.ts";
import { loadSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/settings.ts";

test("an event is one line of JSON with time, level and what it is about", () => {
  const { log, lines } = logger();
  log.child({ job: 12, package: "chai_1" }).child({ attempt: 2, task: "t-1" }).info({ bytes: 5 }, "fetched\nall");
  const [line, ...more] = lines();
  assert.equal(more.length, 0);
  const { time, ...entry } = JSON.parse(line ?? "") as Record<string, unknown>;
  assert.deepEqual(entry, {
    level: "info",
    job: 12,
    package: "chai_1",
    attempt: 2,
    task: "t-1",
    bytes: 5,
    msg: "fetched\nall",
  });
  assert.ok(!Number.isNaN(Date.parse(String(time))));
});

test("an error keeps its code, facts and causes; its stack is for those who debug", () => {
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  const error = new UsageError("cannot do that", "try it otherwise", { place: "here" });
  error.cause = cause;
  const quiet = logger();
  quiet.log.error({ err: error }, "failed");
  assert.deepEqual((JSON.parse(quiet.lines()[0]!) as { err: unknown }).err, {
    type: "UsageError",
    message: "cannot do that",
    code: "CDT-USAGE",
    kind: "configuration",
    facts: { place: "here" },
    cause: { type: "Error", message: "refused", code: "ECONNREFUSED" },
  });
  const verbose = logger({ level: "debug" });
  verbose.log.error({ err: error }, "failed");
  assert.match((JSON.parse(verbose.lines()[0]!) as { err: { stack: string } }).err.stack, /logger\.test\.ts/);
});

test("no secret of the settings is in any line, whatever carries it", () => {
  const secret = 'pass"word\\ with ünicode/12345';
  const { log, lines } = logger({}, { CCAT_DATA_TRANSFER_REDIS__PASSWORD: secret });
  log.info(`plain ${secret}`);
  log.info({ deep: { list: [secret] } }, "in a field");
  log.info(`redis://user:${encodeURIComponent(secret)}@host/0`);
  log.error({ err: new Error(`connect with ${secret}`, { cause: new Error(secret) }) }, "failed");
  log.info(`basic ${Buffer.from(secret).toString("base64")}`);
  assert.equal(lines().length, 5);
  for (const line of lines()) {
    assert.doesNotMatch(line, /ünicode|12345|nicode%2F/);
    assert.match(JSON.stringify(JSON.parse(line)), /\*\*\*/);
  }
});

test("a secret that is registered later is hidden from then on, and does not tear numbers apart", () => {
  const { log, lines } = logger();
  registerSecret("998877");
  log.info({ count: 1998877, text: "1998877" }, "numbers");
  const { count, text } = JSON.parse(lines()[0]!) as Record<string, unknown>;
  assert.deepEqual({ count, text }, { count: 1998877, text: "1***" });
});

test("a password in a URL is hidden though nobody registered it", () => {
  const { log, lines } = logger();
  log.info("postgresql://ccat:unregistered@db/ops and https://host/path@2");
  assert.equal(
    (JSON.parse(lines()[0]!) as { msg: string }).msg,
    "postgresql://ccat:***@db/ops and https://host/path@2",
  );
});

test("on a terminal a line is for people, with the error's sentence, code and cause", () => {
  const { log, lines } = logger({ format: "auto" }, {}, true);
  log.warn({ queue: "a b", err: new UsageError("no such thing") }, "trouble");
  const [line] = lines();
  assert.ok(line!.includes("\u001b[33m"), "the level has its colour");
  assert.match(
    stripVTControlCharacters(line!),
    /^\d\d:\d\d:\d\d warn {2}trouble no such thing \[CDT-USAGE\] queue="a b"\n$/,
  );
});

test("the level of the settings holds", () => {
  const { log, lines } = logger({ level: "warn" });
  log.info("not this");
  log.warn("this");
  assert.equal(lines().length, 1);
});

function logger(
  logging: Partial<Settings["logging"]> = {},
  env: Record<string, string> = {},
  terminal = false,
): { log: Logger; lines(): string[] } {
  const { settings } = loadSettings({ env, cwd: "/" });
  const lines: string[] = [];
  const sink = { write: (line: string) => lines.push(line) };
  const log = createLogger(
    { ...settings, logging: { ...settings.logging, ...logging } },
    { terminal, color: true, sink },
  );
  return { log, lines: () => lines };
}
