import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { catalogue, mayBeMeant } from "../../src/cli/catalogue.ts";
import { main } from "../../src/cli/main.ts";
import {
  type AnyCommand,
  commanderOption,
  globalOptions,
  parseAndRun,
  registerCommand,
} from "../../src/cli/register.ts";
import { isSetting } from "../../src/settings/load.ts";
import { surroundings } from "./surroundings.ts";

const commands = await Promise.all(catalogue.map(async (entry) => ({ ...entry, definition: await entry.load() })));

test("an unknown command or option ends with 2 and the nearest that exists", async (t) => {
  const cases: [argv: string[], sentence: RegExp][] = [
    [["setings", "show"], /unknown command 'setings' \(Did you mean settings\?\)/],
    [["settings", "shwo"], /unknown command 'shwo' \(Did you mean show\?\)/],
    [["settings", "show", "--verbos"], /unknown option '--verbos' \(Did you mean --verbose\?\)/],
    [["settings", "show", "redis", "more"], /too many arguments/],
    [["settings", "show", "--output", "xml"], /'xml' is invalid.*table, json/],
    [["location", "pause", "ramses_processing"], /missing required argument 'message'/],
    [["settings", "show", "nowhere"], /there are no settings called nowhere; known are .*redis/],
  ];
  for (const [argv, sentence] of cases) {
    const host = surroundings(t);
    assert.equal(await main(argv, host), 2);
    const { stdout, stderr } = host.printed();
    assert.equal(stdout, "");
    assert.match(stderr, sentence);
    assert.match(stderr, /^error: .* \[CDT-USAGE\]\ntry: ccat_data_transfer /);
    assert.match(host.terminationMessage() ?? "", /^error: .*\[CDT-USAGE\]\n$/);
  }
});

test("with --output json an error is a document on stdout, too", async (t) => {
  for (const argv of [
    ["settings", "show", "nowhere", "--output", "json"],
    ["setings", "--output=json"],
  ]) {
    const host = surroundings(t);
    assert.equal(await main(argv, host), 2);
    const { stdout, stderr } = host.printed();
    const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
    assert.deepEqual(Object.keys(error).sort(), ["code", "facts", "help", "kind", "message"]);
    assert.equal(error.code, "CDT-USAGE");
    assert.match(stderr, /^error: /);
  }
});

test("help and version are answers, a group without its command is not", async (t) => {
  for (const [argv, code, where, text] of [
    [["--help"], 0, "stdout", /^Usage: ccat_data_transfer[\s\S]*Commands:/],
    [["settings", "show", "--help"], 0, "stdout", /Examples:\n {2}ccat_data_transfer settings show/],
    [
      ["package", "--help"],
      0,
      "stdout",
      /Commands:\n {2}verify \[options\] <tar>[\s\S]* {2}fetch \[options\] <url> <dest>/,
    ],
    [["--version"], 0, "stdout", /^\d+\.\d+\.\d+\n$/],
    [["settings"], 2, "stderr", /Commands:\n {2}show/],
    [[], 2, "stderr", /Usage: ccat_data_transfer/],
  ] as const) {
    const host = surroundings(t);
    assert.equal(await main(argv, host), code, argv.join(" "));
    assert.match(host.printed()[where], text);
  }
});

test("settings that cannot be used end the program with everything that is wrong", async (t) => {
  const host = surroundings(t, { env: { CCAT_DATA_TRANSFER_REDIS__PORT: "x", CCAT_DATA_TRANSFER_REDIS__TLS: "y" } });
  assert.equal(await main(["settings", "show"], host), 2);
  const { stderr } = host.printed();
  assert.match(stderr, /redis\.port: found the text "x"/);
  assert.match(stderr, /redis\.tls: found the text "y"/);
  assert.match(host.terminationMessage() ?? "", /redis\.port[\s\S]*\[CDT-SETTINGS\]/);
});

test("without a termination log none is made", async (t) => {
  const host = surroundings(t, { terminationLog: false });
  assert.equal(await main(["nonsense"], host), 2);
  assert.equal(host.terminationMessage(), undefined);
});

test("settings show prints every setting with its origin, and no secret", async (t) => {
  const env = { CCAT_DATA_TRANSFER_REDIS__PASSWORD: "never printed", CCAT_DATA_TRANSFER_STARTUP_TIMEOUT: "90" };
  const table = surroundings(t, { env: { ...env } });
  assert.equal(await main(["settings", "show", "--health-port-is-not-here"], table), 2);
  const shown = surroundings(t, { env: { ...env } });
  assert.equal(await main(["settings", "show", "--startup-timeout", "2m"], shown), 0);
  const { stdout, stderr } = shown.printed();
  assert.match(stderr, /environment: localdev/);
  assert.match(stdout, /^startup_timeout +2 min +command line --startup-timeout$/m);
  assert.match(stdout, /^redis\.password +\*\*\* +environment variable CCAT_DATA_TRANSFER_REDIS__PASSWORD$/m);
  assert.match(stdout, /^staging\.file_mode +0640 +built-in$/m);
  assert.match(stdout, /^staging\.confirm_above +1\.0 TiB +built-in$/m);
  assert.doesNotMatch(stdout + stderr, /never printed/);

  const json = surroundings(t, { env: { ...env } });
  assert.equal(await main(["settings", "show", "redis", "--output", "json"], json), 0);
  const entries = JSON.parse(json.printed().stdout) as { key: string; value: unknown }[];
  assert.ok(entries.every(({ key }) => key.startsWith("redis.")));
  assert.equal(entries.find(({ key }) => key === "redis.password")?.value, "***");
  assert.equal(entries.find(({ key }) => key === "redis.visibility_timeout")?.value, 3600);
});

test("every example in the help is a command line that the parser takes", async () => {
  for (const { name, definition } of commands) {
    assert.ok(definition.examples.length >= 2, name);
    for (const { command } of definition.examples) {
      const program = new Command("ccat_data_transfer")
        .exitOverride()
        .configureOutput({ outputError() {}, writeErr() {} });
      for (const option of globalOptions) program.addOption(commanderOption(option));
      const ran: AnyCommand[] = [];
      for (const one of commands) {
        registerCommand(program, { ...one, groups: {} }, async (found) => {
          ran.push(found);
          return 0;
        });
      }
      // A second command behind && is looked at by its own example.
      const words = shellWords(command.split(/ && | > /)[0]!);
      assert.equal(words.shift(), "ccat_data_transfer", command);
      await parseAndRun(program, words);
      assert.equal(ran.length, 1, command);
      assert.equal(ran[0], definition, command);
      assert.ok(
        catalogue.some((entry) => entry.name === name && mayBeMeant(entry, words)),
        command,
      );
    }
  }
});

test("every option that stands for a setting names one", () => {
  for (const { name, definition } of commands) {
    for (const { flags, setting } of [...(definition.options ?? []), ...globalOptions]) {
      assert.ok(setting === undefined || isSetting(setting), `${name} ${flags}: ${setting}`);
    }
  }
});

/** As a shell splits a line; variables set before the command and what follows a pipe are dropped. */
function shellWords(line: string): string[] {
  const words = [...line.split(/\s[|>]\s/)[0]!.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3]!,
  );
  return words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word)));
}
