import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandContext, CommandDefinition, ExitCode } from "../../src/cli/command.ts";
import { runCommand } from "../../src/cli/run.ts";
import { surroundings } from "./surroundings.ts";

const quiet = { output: "table", verbose: false, overrides: [] } as const;

test("a command's exit code is the program's", async (t) => {
  for (const code of [0, 1, 2] as const) {
    assert.equal(
      await runCommand(
        command(async () => code),
        {},
        quiet,
        surroundings(t),
      ),
      code,
    );
  }
});

test("an error that nobody foresaw is told as such; its stack only with --verbose", async (t) => {
  const failing = command(async () => {
    throw new TypeError("x is not a function", { cause: new Error("deeper") });
  });
  const host = surroundings(t);
  assert.equal(await runCommand(failing, {}, quiet, host), 2);
  assert.match(host.printed().stderr, /^error: TypeError: x is not a function \[CDT-INTERNAL\]\ntry: .*--verbose.*\n$/);

  const verbose = surroundings(t);
  await runCommand(failing, {}, { ...quiet, verbose: true }, verbose);
  assert.match(verbose.printed().stderr, /run\.test\.ts[\s\S]*caused by Error: deeper/);
});

test("no secret is in an error's words, wherever they go", async (t) => {
  const env = { CCAT_DATA_TRANSFER_REDIS__PASSWORD: "swordfish and chips" };
  const host = surroundings(t, { env });
  const failing = command(async ({ settings, output }) => {
    output.note(`note ${settings.redis.password?.reveal()}`);
    throw new Error(`cannot use ${settings.redis.password?.reveal()} at redis://me:unknown@host`);
  });
  await runCommand(failing, {}, { output: "json", verbose: true, overrides: [] }, host);
  const everything = Object.values(host.printed()).join("") + host.terminationMessage();
  assert.match(everything, /cannot use \*\*\* at redis:\/\/me:\*\*\*@host/);
  assert.doesNotMatch(everything, /swordfish|unknown@/);
});

test("SIGTERM aborts the command's signal; the interruption is what the user reads", async (t) => {
  const waiting = command(async ({ signal }) => {
    queueMicrotask(() => process.emit("SIGTERM", "SIGTERM"));
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () =>
        reject(Object.assign(new Error("The operation was aborted"), { name: "AbortError" })),
      );
    });
    return 0;
  });
  const host = surroundings(t);
  const listeners = process.listenerCount("SIGTERM");
  assert.equal(await runCommand(waiting, {}, quiet, host), 2);
  assert.match(host.printed().stderr, /error: interrupted by SIGTERM \[CDT-INTERRUPTED\]/);
  assert.equal(process.listenerCount("SIGTERM"), listeners);
});

test("a command that ends well after SIGTERM has done its work: a worker that was drained", async (t) => {
  const drained = command(async ({ signal }) => {
    queueMicrotask(() => process.emit("SIGTERM", "SIGTERM"));
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return 0;
  });
  assert.equal(await runCommand(drained, {}, quiet, surroundings(t)), 0);
});

test("a command logs warnings only, unless it is a service, is asked to, or the settings say so", async (t) => {
  const level = async (service: boolean, verbose: boolean, env: Record<string, string> = {}) => {
    let seen = "";
    const definition = command(async ({ log }) => {
      seen = log.level;
      return 0;
    });
    await runCommand(
      { ...definition, ...(service && { service: true }) },
      {},
      { ...quiet, verbose },
      surroundings(t, { env }),
    );
    return seen;
  };
  assert.equal(await level(false, false), "warn");
  assert.equal(await level(true, false), "info");
  assert.equal(await level(false, true), "debug");
  assert.equal(await level(false, false, { CCAT_DATA_TRANSFER_LOGGING__LEVEL: "info" }), "info");
});

function command(run: (context: CommandContext) => Promise<ExitCode>): CommandDefinition {
  const example = { command: "ccat_data_transfer test", purpose: "test" };
  return { examples: [example, example], run };
}
