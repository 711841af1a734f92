import { type Command as Commander, CommanderError, Option } from "commander";
import type { AnyCommand, CommandOption, ExitCode } from "./command.ts";
import { UsageError } from "./usage-error.ts";

/** Carries out a command that was found on the command line. */
export type Runner = (
  command: AnyCommand,
  input: Record<string, unknown>,
  globals: Readonly<Record<string, unknown>>,
) => Promise<ExitCode>;

/**
 * Adds a command to the parser, below its group.
 *
 * @param groups  one line for each group, by its name
 */
export function registerCommand(
  program: Commander,
  definition: AnyCommand,
  groups: Readonly<Record<string, string>>,
  run: Runner,
): void {
  const [first, second] = definition.name.split(" ", 2) as [string, string | undefined];
  const parent = second === undefined ? program : groupIn(program, first, groups[first] ?? "");
  const command = parent.command(second ?? first).summary(definition.summary);
  command.description(definition.description ?? definition.summary);
  for (const { name, description } of definition.arguments ?? []) command.argument(name, description);
  for (const option of definition.options ?? []) command.addOption(commanderOption(option));
  if (definition.details !== undefined) command.addHelpText("after", `\n${definition.details}`);
  command.addHelpText("after", exampleText(definition));
  command.action(async () => {
    const input: Record<string, unknown> = {};
    command.registeredArguments.forEach((argument, index) => {
      input[camel(argument.name())] = command.processedArgs[index];
    });
    const given: Record<string, unknown> = command.opts();
    for (const option of definition.options ?? []) {
      const key = commanderOption(option).attributeName();
      const value = given[key];
      if (option.refused !== undefined && value !== undefined) throw new UsageError(option.refused);
      if (option.refused === undefined) input[key] = value;
    }
    exitCodes.set(program, await run(definition, input, program.opts()));
  });
}

/** Parses the command line and runs what it names. @throws {UsageError} */
export async function parseAndRun(program: Commander, argv: readonly string[]): Promise<ExitCode> {
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCodes.get(program) ?? 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed" || error.code === "commander.version") return 0;
    // A group without its command: the help is the answer, but nothing was done.
    if (error.code === "commander.help") return 2;
    throw new UsageError(error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " "));
  }
}

export function commanderOption({
  flags,
  description,
  choices,
  default: fallback,
  read,
  hidden,
  refused,
}: CommandOption): Option {
  const option = new Option(flags, description);
  if (choices) option.choices([...choices]);
  if (fallback !== undefined) option.default(fallback);
  if (read) option.argParser((text: string) => read(text, option.long ?? flags));
  if (hidden || refused !== undefined) option.hideHelp();
  return option;
}

/** The exit code of the command that ran, by parser. */
const exitCodes = new WeakMap<Commander, ExitCode>();

function groupIn(program: Commander, name: string, summary: string): Commander {
  const known = program.commands.find((command) => command.name() === name);
  return known ?? program.command(name).summary(summary).description(summary);
}

function exampleText({ examples }: AnyCommand): string {
  const width = Math.max(...examples.map(({ command }) => command.length));
  return `\nExamples:\n${examples.map(({ command, purpose }) => `  ${command.padEnd(width)}  # ${purpose}`).join("\n")}\n`;
}

function camel(name: string): string {
  return name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
