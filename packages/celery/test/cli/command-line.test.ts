import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { commands, groups, notCommands } from "../../src/cli/commands.ts";
import { globalOptions, main } from "../../src/cli/main.ts";
import { commanderOption, parseAndRun, registerCommand } from "../../src/cli/register.ts";

/** Runs the program in this process, with streams of its own. */
async function run(words: string[], { env = {}, cwd = "/" }: { env?: Record<string, string>; cwd?: string } = {}) {
  const texts = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof texts) => ({
    write(text: string) {
      texts[name] += text;
    },
  });
  const code = await main(words, { env, cwd, stdout: stream("stdout"), stderr: stream("stderr") });
  return { code, ...texts };
}

test("every command's help has what it does, its options, and examples that it understands", async () => {
  for (const command of commands) {
    const { code, stdout } = await run([...command.name.split(" "), "--help"]);
    assert.equal(code, 0);
    assert.ok(stdout.includes(`Usage: celery-node ${command.name}`), command.name);
    for (const { command: example, purpose } of command.examples) {
      assert.ok(stdout.includes(example) && stdout.includes(purpose), example);
      assert.equal(await understood(example), command.name, example);
    }
  }
});

/** Which command an example comes to. */
async function understood(example: string): Promise<string | undefined> {
  const words = (example.split(" | ")[0]!.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ""));
  assert.equal(words.shift(), "celery-node");
  let found: string | undefined;
  const program = new Command().exitOverride().configureOutput({ outputError: () => {} });
  for (const option of globalOptions) program.addOption(commanderOption(option));
  for (const command of commands) {
    registerCommand(program, command, groups, async ({ name }) => {
      found = name;
      return 0;
    });
  }
  await parseAndRun(program, words);
  return found;
}

test("what is wrong on the command line is told in a sentence, with exit code 2", async (t) => {
  const wrong: [string[], RegExp][] = [
    [["statsu"], /^error: unknown command 'statsu' \(Did you mean status\?\) \[CDT-CELERY-USAGE\]\ntry: /],
    [["worker", "-c", "none"], /-c, --concurrency|--concurrency takes a whole number from 1 on, not "none"/],
    [["worker", "--loglevel", "loud"], /--loglevel is one of DEBUG, INFO/],
    [["call", "add", "--args", "2"], /--args takes a JSON array such as/],
    [["call", "add", "--kwargs", "{"], /--kwargs takes JSON, and this is none/],
    [["inspect", "actve", "-b", "redis://127.0.0.1:1"], /there is no method actve; did you mean active\?/],
    [["status"], /say where the broker is, or which app's it is/],
    [["worker", "-b", "redis://127.0.0.1:1"], /say which app to run/],
    [["status", "-b", "amqp://localhost"], /amqp:\/\/ is not spoken/],
    [["worker", "-A", "missing.ts"], /there is no app at \/missing\.ts/],
    [["worker", "-A", await appIn(t), "-b", "redis://127.0.0.1:1", "-P", "gevent"], /the pool gevent is Python's/],
    [["dead-letters", "drop", "-b", "memory://"], /say which: ids, --queue, --reason or --all/],
  ];
  for (const [words, said] of wrong) {
    const { code, stdout, stderr } = await run(words);
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(stderr, said, words.join(" "));
  }
});

test("with --output json an error is JSON, too", async () => {
  const { code, stdout } = await run(["status", "--output", "json"]);
  assert.equal(code, 2);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, "CDT-CELERY-USAGE");
});

test("options and commands of Celery's that there are not are refused with the reason", async () => {
  for (const words of [["--autoscale", "4,2"], ["-B"], ["--statedb=/tmp/state"], ["-f", "worker.log"]]) {
    const { code, stderr } = await run(["worker", ...words]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: --[a-z]+ is not supported: \S/);
  }
  for (const [name, why] of Object.entries(notCommands)) {
    const { code, stderr } = await run([name, "--anything", "else"]);
    assert.equal(code, 2);
    assert.ok(stderr.startsWith(`error: celery-node has no ${name}: ${why} [`), stderr);
  }
});

test("the app may be named before or after the command, and the command line wins over environment and app", async (t) => {
  const app = await appIn(t);
  const env = { CELERY_BROKER_URL: "redis://:secret@from-env:1/0", CELERY_RESULT_BACKEND: "redis://from-env:1/1" };
  const broker = async (...words: string[]) => {
    const { stdout } = await run([...words, "--json"], { env });
    return (JSON.parse(stdout) as { broker: string }).broker;
  };
  assert.equal(await broker("-A", app, "report"), "redis://:**@from-env:1/0");
  assert.equal(await broker("report", "-A", app, "-b", "redis://named:2"), "redis://named:2");
});

test("an app that does not run is told with the place of its fault; a module without an app is refused", async (t) => {
  const folder = await temporaryDirectory(t);
  await writeFile(join(folder, "broken.ts"), "const tasks: string[] = [];\n\ntasks.first();\n");
  await writeFile(join(folder, "other.mjs"), "export default { tasks: [] };\n");
  const broken = await run(["report", "-A", "broken.ts"], { cwd: folder });
  assert.match(broken.stderr, /the app .*broken\.ts does not run: tasks\.first is not a function \(.*broken\.ts:3:7\)/);
  const other = await run(["report", "-A", "other.mjs"], { cwd: folder });
  assert.match(other.stderr, /other\.mjs is no app: its default export was not made by defineApp\(\)/);
  const named = await run(["report", "-A", "other.mjs:sums"], { cwd: folder });
  assert.match(named.stderr, /its export sums was not made by defineApp\(\)/);
});

test("an app of another name, in a compiled file, is found", async (t) => {
  const { stdout, stderr } = await run(["report", "-A", `${await appIn(t)}:sums`, "--json"]);
  assert.equal(stderr, "");
  assert.equal((JSON.parse(stdout) as { broker: string }).broker, "redis://sums");
});

/** The path of a module that exports the app `sums`, also as its default. */
async function appIn(scope: Scope): Promise<string> {
  const path = join(await temporaryDirectory(scope), "apps.js");
  const index = new URL("../../src/index.ts", import.meta.url).href;
  const app = 'defineApp({ broker: "redis://sums", tasks: [] })';
  await writeFile(path, `import { defineApp } from "${index}";\nexport const sums = ${app};\nexport default sums;\n`);
  return path;
}
