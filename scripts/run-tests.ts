/**
 * Runs the tests: `node scripts/run-tests.ts [--e2e] [PATH...]`, where a path is a test file or a folder of them. Ends
 * with 1 when a test failed, when none ran, and with CI=true when one was skipped.
 *
 * With TEST_COUNTS=FILE one line `passed failed skipped` is appended to that file.
 */
import { appendFileSync, existsSync, globSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { fail, root, say } from "./report.ts";

const { values, positionals } = parseArgs({
  options: { e2e: { type: "boolean", default: false } },
  allowPositionals: true,
});
const files =
  positionals.length > 0 ? positionals.flatMap(testsBelow) : everyTest().filter((file) => isE2e(file) === values.e2e);

/** Minutes that a test file may take. The runner asks it to end then; one that does not listen is killed a little later. */
const longest = 15;

const counts = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];
const started = performance.now();

const seenAt = new Map<string, number>();
const stream = run({
  files,
  cwd: root,
  // End-to-end tests share what there is one of on a machine. The others mostly wait for servers of their own.
  concurrency: values.e2e ? 1 : Math.max(2, availableParallelism()),
  timeout: longest * 60_000,
});
setInterval(killStuck, 30_000).unref();
stream.on("test:pass", (test) => {
  if (test.skip === undefined || test.skip === false) return;
  skipped.push(
    `${relative(root, test.file ?? "")}: ${test.name} (${test.skip === true ? "no reason given" : test.skip})`,
  );
});
stream.on("test:summary", (summary) => {
  if (summary.file !== undefined) return;
  const { tests, passed, skipped, todo } = summary.counts;
  counts.passed = passed;
  counts.skipped = skipped + todo;
  counts.failed = tests - passed - counts.skipped;
});
await new Promise<void>((resolve, reject) => {
  // Our own closing lines stand in for those of the reporter.
  const events = stream.filter(
    (event) => !(event.type === "test:diagnostic" && event.data.nesting === 0 && event.data.file === undefined),
  );
  events.compose(new spec()).on("error", reject).on("end", resolve).pipe(process.stdout);
});

if (process.env.TEST_COUNTS)
  appendFileSync(process.env.TEST_COUNTS, `${counts.passed} ${counts.failed} ${counts.skipped}\n`);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
say(
  `\n${files.length} test files in ${seconds} s: ${counts.passed} tests passed, ${counts.failed} failed, ${counts.skipped} were skipped`,
);
for (const test of skipped) say(`SKIPPED ${test}`);
if (counts.failed > 0) fail(`${counts.failed} tests failed`);
if (counts.passed === 0) fail("no test ran");
if (counts.skipped > 0 && process.env.CI === "true") fail("with CI=true no test is skipped");

/** A process that no longer turns its loop takes no notice of a request to end, and would be waited for. */
function killStuck(): void {
  const list = `/proc/self/task/${process.pid}/children`;
  if (!existsSync(list)) return;
  const children = new Set(readFileSync(list, "utf8").match(/\d+/g));
  for (const pid of seenAt.keys()) if (!children.has(pid)) seenAt.delete(pid);
  for (const pid of children) {
    const since = seenAt.get(pid) ?? performance.now();
    seenAt.set(pid, since);
    if (performance.now() - since < (longest + 1) * 60_000) continue;
    say(`KILLED, as it did not end: ${readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").at(-2)}`);
    process.kill(Number(pid), "SIGKILL");
  }
}

function everyTest(): string[] {
  const places = ["packages/*/test", "testing/test", "system-integration/**/test"];
  const patterns = places.map((place) => `${place}/**/*.test.ts`);
  return globSync(patterns, { cwd: root }).map((file) => join(root, file));
}

function testsBelow(path: string): string[] {
  const absolute = isAbsolute(path) ? path : join(root, path);
  if (statSync(absolute).isFile()) return [absolute];
  return globSync("**/*.test.ts", { cwd: absolute }).map((file) => join(absolute, file));
}

function isE2e(file: string): boolean {
  return file.includes("/test/e2e/");
}
