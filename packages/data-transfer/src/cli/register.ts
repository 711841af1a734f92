import { type Command, CommanderError, Option } from "commander";
import { UsageError } from "../errors/usage.ts";
import type { Override } from "../settings/load.ts";
import type { CommandDefinition, CommandOption, ExitCode } from "./command.ts";
import type { GlobalOptions } from "./run.ts";

// biome-ignore lint/suspicious/noExplicitAny: commands of every input stand in one list.
export type AnyCommand = CommandDefinition<any>;

/** Carries out a command that was found on the command line. */
export type Runner = (
  definition: AnyCommand,
  input: Record<string, unknown>,
  options: GlobalOptions,
) => Promise<ExitCode>;

/** Options that may stand anywhere on the command line. */
export const globalOptions: readonly CommandOption[] = [
  { flags: "--output <format>", description: "form of the answer", choices: ["table", "json"], default: "table" },
  { flags: "--verbose", description: "log more, and show where an unforeseen error came from" },
  {
    flags: "--startup-timeout <duration>",
    description: 'how long to try servers that cannot be reached (seconds, or "30s")',
    setting: "startup_timeout",
  },
];

/** A command as it is put into the parser. */
export interface Registered {
  name: string;
  summary: string;
  /** Without it only the list of commands and the help of its group know the command. */
  definition: AnyCommand | undefined;
  /** One line for each group, by its name. */
  groups: Readonly<Record<string, string>>;
}

/** Adds a command to the parser, below its group. */
export function registerCommand(program: Command, registered: Registered, run: Runner): void {
  const { name: whole, summary, definition, groups } = registered;
  const [group, name] = whole.includes(" ") ? whole.split(" ", 2) : [undefined, whole];
  const parent = group === undefined ? program : groupIn(program, group, groups[group] ?? "");
  const command = parent.command(name!).summary(summary);
  if (definition === undefined) return;
  command.description(definition.description ?? summary);
  for (const { name, description } of definition.arguments ?? []) command.argument(name, description);
  for (const option of definition.options ?? []) command.addOption(commanderOption(option));
  command.addHelpText("after", exampleText(definition));
  command.action(async () => {
    const all: Record<string, unknown> = command.optsWithGlobals();
    const input: Record<string, unknown> = {};
    command.registeredArguments.forEach((argument, index) => {
      input[camel(argument.name())] = command.processedArgs[index];
    });
    for (const option of definition.options ?? []) {
      const key = attributeOf(option);
      if (option.setting === undefined) input[key] = all[key];
    }
    const overrides = overridesOf([...globalOptions, ...(definition.options ?? [])], all);
    const options: GlobalOptions = {
      output: all.output === "json" ? "json" : "table",
      verbose: all.verbose === true,
      overrides,
    };
    exitCodes.set(program, await run(definition, input, options));
  });
}

/** Parses the command line and runs what it names. @throws UsageError */
export async function parseAndRun(program: Command, argv: readonly string[]): Promise<ExitCode> {
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCodes.get(program) ?? 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed" || error.code === "commander.version") return 0;
    // A group without its command: the help is the answer, but nothing was done.
    if (error.code === "commander.help") return 2;
    const sentence = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
    throw new UsageError(sentence);
  }
}

export function commanderOption({ flags, description, choices, default: fallback, repeatable }: CommandOption): Option {
  const option = new Option(flags, description);
  if (choices) option.choices([...choices]);
  if (repeatable) option.default([], "none").argParser((value: string, before: string[]) => [...before, value]);
  else if (fallback !== undefined) option.default(fallback);
  return option;
}

/** The exit code of the command that ran, by parser. */
const exitCodes = new WeakMap<Command, ExitCode>();

function groupIn(program: Command, name: string, summary: string): Command {
  const known = program.commands.find((command) => command.name() === name);
  return known ?? program.command(name).summary(summary).description(summary);
}

function exampleText({ examples }: AnyCommand): string {
  const width = Math.max(...examples.map(({ command }) => command.length));
  return `\nExamples:\n${examples.map(({ command, purpose }) => `  ${command.padEnd(width)}  # ${purpose}`).join("\n")}\n`;
}

function overridesOf(options: readonly CommandOption[], given: Record<string, unknown>): Override[] {
  return options.flatMap((option) => {
    const value = given[attributeOf(option)];
    if (option.setting === undefined || value === undefined) return [];
    return [{ key: option.setting, text: String(value), option: /--[a-z-]+/.exec(option.flags)?.[0] ?? option.flags }];
  });
}

function attributeOf(option: CommandOption): string {
  return commanderOption(option).attributeName();
}

function camel(name: string): string {
  return name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
