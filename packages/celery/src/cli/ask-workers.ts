import type { ControlTarget, Replies } from "../client/control.ts";
import type { CommandContext, CommandOption, ExitCode } from "./command.ts";
import { type ControlMethod, callMethod } from "./control-methods.ts";
import { jsonText, type Output } from "./output.ts";
import { readOption } from "./read-option.ts";
import { nearestName, UsageError } from "./usage-error.ts";

export interface TargetInput {
  timeout: number;
  destination?: string[];
}

/** Options of every command that asks workers. */
export const targetOptions: readonly CommandOption[] = [
  { flags: "-t, --timeout <seconds>", description: "time for replies", default: 1, read: readOption.seconds },
  {
    flags: "-d, --destination <names>",
    description: "only these workers, by node name, joined by commas",
    read: readOption.list,
  },
];

export function targetOf({ timeout, destination }: TargetInput): ControlTarget {
  return { timeout: timeout * 1000, ...(destination && { destination }) };
}

/** Asks workers and shows what they reply. 1 when one replied an error, and when none replied. */
export async function askWorkers(
  context: CommandContext,
  methods: Readonly<Record<string, ControlMethod>>,
  { method: name, arguments: words, ...input }: { method: string; arguments: string[] } & TargetInput,
): Promise<ExitCode> {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined) {
    const near = nearestName(name, Object.keys(methods));
    throw new UsageError(`there is no method ${name}${near === undefined ? "" : `; did you mean ${near}?`}`);
  }
  const connection = await context.connect();
  try {
    const replies = await callMethod(connection.control, name, method, words, targetOf(input));
    if (replies === undefined) {
      context.output.note(`${name} is sent; nothing is replied to it`);
      return 0;
    }
    return showReplies(context.output, replies);
  } finally {
    await connection.close();
  }
}

/** As Celery shows replies: a line for each node, and below it what it said. */
export function showReplies(output: Output, replies: Replies<unknown>): ExitCode {
  const nodes = Object.keys(replies).sort();
  const failed = nodes.filter((node) => isError(replies[node]));
  output.result(
    replies,
    nodes.flatMap((node) => [`->  ${node}: ${isError(replies[node]) ? "ERROR" : "OK"}`, ...shown(replies[node])]),
  );
  if (nodes.length === 0) output.note("no worker replied within the time given");
  return nodes.length === 0 || failed.length > 0 ? 1 : 0;
}

function isError(reply: unknown): boolean {
  return typeof reply === "object" && reply !== null && "error" in reply;
}

function shown(reply: unknown): string[] {
  const { ok, error } = Object(reply) as { ok?: unknown; error?: unknown };
  const what = typeof ok === "string" ? ok : typeof error === "string" ? error : reply;
  if (Array.isArray(what) && what.length === 0) return ["    - empty -"];
  if (Array.isArray(what) && what.every((entry) => typeof entry === "string"))
    return what.map((entry) => `    * ${entry}`);
  const text = typeof what === "string" ? what : jsonText(what, 2);
  return text.split("\n").map((line) => `    ${line}`);
}
