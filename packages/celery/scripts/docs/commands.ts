import type { AnyCommand, CommandOption } from "../../src/cli/command.ts";
import { commands, notCommands } from "../../src/cli/commands.ts";
import { globalOptions } from "../../src/cli/main.ts";
import { table } from "./settings-tables.ts";

/** docs/commands.md: every command of celery-node, its options and examples, and what of Celery's there is not. */
export function renderCommands(): string {
  return `${[
    "# Commands of celery-node",
    "Written by packages/celery/scripts/write-docs.ts from what the program itself is made of; `celery-node <command> --help` says the" +
      " same. Answers are on stdout, words for people on stderr. Exit codes: 0 done, or nothing to do; 1 done, and there is a" +
      " problem; 2 it could not be done.",
    "These options may stand before or after the command:",
    optionTable(globalOptions),
    ...commands.flatMap(describe),
    "## Commands of Celery that there are not",
    table(
      ["command", "instead"],
      Object.entries(notCommands).map(([name, why]) => [`\`${name}\``, why]),
    ),
  ].join("\n\n")}\n`;
}

function describe(command: AnyCommand): string[] {
  const { name, summary, description = "", details, options = [], examples } = command;
  const words = ["celery-node", name, ...(command.arguments ?? []).map((argument) => argument.name)].join(" ");
  const shown = options.filter((option) => !option.hidden && option.refused === undefined);
  const refused = options.filter((option) => option.refused !== undefined);
  return [
    `## ${name}`,
    `\`${words}\`: ${summary}.${description === "" ? "" : ` ${description}`}`,
    ...(details ? [block(details)] : []),
    ...(shown.length > 0 ? [optionTable(shown)] : []),
    ...(refused.length > 0 ? [`Celery's options that there are not:\n\n${refused.map(refusal).join("\n")}`] : []),
    block(examples.map((example) => `${example.command}   # ${example.purpose}`).join("\n")),
  ];
}

function optionTable(options: readonly CommandOption[]): string {
  const rows = options.map(({ flags, description, choices, default: fallback }) => {
    const more = [choices?.join(", "), fallback === undefined ? undefined : `${fallback} by default`].filter(Boolean);
    return [`\`${flags}\``, more.length > 0 ? `${description} (${more.join("; ")})` : description];
  });
  return table(["option", ""], rows);
}

function refusal({ refused = "" }: CommandOption): string {
  return `- ${refused.replace(" is not supported", "")}`;
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
