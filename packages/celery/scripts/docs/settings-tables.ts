import { fixedSettings, type Setting, settings, unsupportedSettings } from "../../src/cli/settings.ts";
import {
  brokerTransportOptions,
  resultTransportOptions,
  type TransportOption,
  unsupportedTransportOptions,
} from "../../src/cli/transport-options.ts";

/** README.md with the table of Celery's settings that have a meaning here. */
export function withSettings(readme: string): string {
  const [begin, end] = ["<!-- settings: written by packages/celery/scripts/write-docs.ts -->", "<!-- /settings -->"];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error("README.md has lost the marks of its table of settings");
  const text = [
    settingTable(),
    "`broker_transport_options` has these keys:",
    transportTable(brokerTransportOptions),
    "and `result_backend_transport_options` these:",
    transportTable(resultTransportOptions),
    "[All of Celery's settings](docs/settings.md) are listed with what becomes of them.",
  ].join("\n\n");
  return `${readme.slice(0, from + begin.length)}\n\n${text}\n\n${readme.slice(to)}`;
}

/** docs/settings.md: every setting of Celery's, and what becomes of it. */
export function renderSettings(): string {
  const fixed = Object.entries(fixedSettings).map(([name, { value, why }]) => [code(name), json(value), why]);
  const none = Object.entries(unsupportedSettings).map(([name, why]) => [code(name), why]);
  const transport = Object.entries(unsupportedTransportOptions).map(([name, why]) => [code(name), why]);
  return `${[
    "# Celery's settings, and what becomes of them",
    "Written by packages/celery/scripts/write-docs.ts from the tables that the program itself uses. The names are those of Celery 5.6; a test" +
      " compares them, and Python's defaults, with an installed Celery.",
    "## Those that have a meaning here",
    settingTable(),
    "## Keys of broker_transport_options",
    transportTable(brokerTransportOptions),
    "## Keys of result_backend_transport_options",
    transportTable(resultTransportOptions),
    "## Those that have one value here",
    "Another value is refused: it would change the meaning of the rest.",
    table(["Celery's setting", "value", "why"], fixed),
    "## Those without a meaning here",
    "They are told as a warning, with the reason, and do no harm. A `*` stands for what may follow.",
    table(["Celery's setting", "why"], none),
    "Keys of the transport options that need not be said:",
    table(["key", "why"], transport),
  ].join("\n\n")}\n`;
}

function settingTable(): string {
  const rows = Object.entries<Setting>(settings).map(([name, setting]) => [
    code(name),
    defaults(setting),
    target(setting.to, setting.ms),
    setting.note ?? "",
  ]);
  return table(["Celery's setting", "default", "option of ours", ""], rows);
}

function transportTable(options: Readonly<Record<string, TransportOption>>): string {
  const rows = Object.entries(options).map(([name, option]) => [
    code(name),
    defaults(option),
    target(option.to, option.ms),
    option.wants,
  ]);
  return table(["key", "default", "option of ours", "holds"], rows);
}

function defaults({ python, ours }: { python: unknown; ours?: unknown }): string {
  return ours === undefined ? json(python) : `${json(ours)} (Celery: ${json(python)})`;
}

/** `worker.acksLate` is an option of createWorker; what only the program heeds has none. */
function target(to: string, ms: true | undefined): string {
  const [part, option] = to.split(".") as [string, string];
  const of: Readonly<Record<string, string>> = {
    worker: "createWorker",
    broker: "redisBroker",
    results: "redisResults",
  };
  if (of[part] === undefined || option === "*") return "";
  return `${code(option)} of ${of[part]}${ms ? ", in ms" : ""}`;
}

function json(value: unknown): string {
  return code(JSON.stringify(value));
}

function code(text: string): string {
  return `\`${text}\``;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
