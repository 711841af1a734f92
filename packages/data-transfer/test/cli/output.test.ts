import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { createOutput } from "../../src/cli/output/create-output.ts";
import { formatBytes, formatDuration, formatRate, formatTime, printable } from "../../src/cli/output/format.ts";
import { createProgress } from "../../src/cli/output/progress.ts";
import { surroundings } from "./surroundings.ts";

test("numbers are printed in units that people read", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 2 ** 20 - 1, 150 * 2 ** 30, 2 ** 40].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "1.0 MiB",
    "150 GiB",
    "1.0 TiB",
  ]);
  assert.deepEqual([0, 0.44, 9.96, 59.6, 60, 65, 3600, 7500, 100_000, 1_209_600].map(formatDuration), [
    "0 s",
    "0.4 s",
    "10 s",
    "1 min",
    "1 min",
    "1 min 5 s",
    "1 h",
    "2 h 5 min",
    "1 d 3 h",
    "14 d",
  ]);
  assert.deepEqual([formatRate(undefined), formatRate(2048), formatDuration(undefined)], ["-", "2.0 KiB/s", "-"]);
  assert.equal(formatTime(new Date("2026-05-08T12:00:03.5Z")), "2026-05-08 12:00:03Z");
});

test("a table is aligned, has no lines, and says - for what is not known", (t) => {
  const host = surroundings(t);
  createOutput("table", host).table(
    [
      { name: "short", bytes: 5 },
      { name: "quite a long name", bytes: undefined },
    ],
    [
      { heading: "NAME", cell: ({ name }) => name },
      { heading: "BYTES", cell: ({ bytes }) => bytes, align: "right" },
    ],
  );
  assert.equal(host.printed().stdout, "NAME               BYTES\nshort                  5\nquite a long name      -\n");
});

test("JSON is the data itself, and people's words are left out", (t) => {
  const host = surroundings(t);
  const output = createOutput("json", host);
  output.table([{ name: "a", size: 1, missing: undefined }], [{ heading: "X", cell: () => "x" }]);
  output.note("for people");
  output.progress().update("package", 1, 2);
  assert.deepEqual(JSON.parse(host.printed().stdout), [{ name: "a", size: 1, missing: null }]);
  assert.equal(host.printed().stderr, "");
});

test("a name from outside cannot steer the terminal", (t) => {
  const host = surroundings(t);
  const output = createOutput("table", host);
  output.table([{ name: "evil\u001b[2J\r\nname\u202e" }], [{ heading: "NAME", cell: ({ name }) => name }]);
  output.result({}, ["line\u0007"]);
  output.note("\u009b1A");
  const { stdout, stderr } = host.printed();
  assert.equal(stdout, "NAME\nevil\ufffd[2J\ufffd\ufffdname\ufffd\nline\ufffd\n");
  assert.equal(stderr, "\ufffd1A\n");
  assert.equal(printable("ünï → ok"), "ünï → ok");
});

test("nobody is asked where nobody can answer", async (t) => {
  assert.equal(await createOutput("table", surroundings(t)).confirm("really?", AbortSignal.timeout(60_000)), false);
});

test("on a terminal the answer to a question counts, and only yes is yes", async (t) => {
  for (const [typed, answer] of [
    ["y\n", true],
    ["Yes\n", true],
    ["\n", false],
    ["no\n", false],
  ] as const) {
    const host = surroundings(t, { terminal: true });
    const answered = createOutput("table", host).confirm("really?", AbortSignal.timeout(60_000));
    host.stdin.push(typed);
    assert.equal(await answered, answer, typed);
    assert.match(host.printed().stderr, /really\? \[y\/N\]/);
  }
});

test("without a terminal progress is lines: at the start, when the state changes, now and then, and at the end", (t) => {
  const host = surroundings(t);
  let now = 0;
  const progress = createProgress(host.stderr, false, () => now);
  const at = (seconds: number, done: number, note?: string) => {
    now = seconds * 1000;
    progress.update("chai_1", done, 1000 * 2 ** 20, note);
  };
  at(0, 0, "waiting");
  at(1, 0, "waiting");
  at(2, 0, "fetching");
  at(3, 100 * 2 ** 20, "fetching");
  at(8, 500 * 2 ** 20, "fetching");
  at(9, 1000 * 2 ** 20, "fetching");
  at(9.1, 1000 * 2 ** 20, "fetching");
  assert.deepEqual(host.printed().stderr.trimEnd().split("\n"), [
    "chai_1: 0%  0 B of 1000 MiB, waiting",
    "chai_1: 0%  0 B of 1000 MiB, fetching",
    "chai_1: 50%  500 MiB of 1000 MiB, 80.0 MiB/s, 6.3 s left, fetching",
    "chai_1: 100%  1000 MiB of 1000 MiB, fetching",
  ]);
});

test("on a terminal every package has a bar, which is full at the end", (t) => {
  const host = surroundings(t, { terminal: true });
  const progress = createProgress(host.stderr, true);
  progress.update("chai_1", 0, 100);
  progress.update("primecam_280_2", 50, 100, "fetching");
  progress.update("chai_1", 100, 100, "staged");
  progress.update("empty", 0, 0);
  progress.say("note");
  progress.stop();
  const text = stripVTControlCharacters(host.printed().stderr);
  assert.match(text, /chai_1 +\S+ 100% {2}100 B of 100 B, staged/);
  assert.match(text, /primecam_280_2 +\S+ 50% {2}50 B of 100 B, fetching/);
  assert.match(text, /empty +\S+ 100%/);
});
