import { general, namedTables, type SettingTable, tables } from "./definition.ts";
import type { Setting } from "./kinds.ts";

/** What each table is about, as its heading in the document. */
const subjects: Readonly<Record<keyof typeof tables | keyof typeof namedTables, string>> = {
  database: "PostgreSQL, where jobs, packages and copies are recorded.",
  broker: "The queue that wakes workers.",
  redis: "Redis, when it is the broker.",
  results: "Celery's task results.",
  worker: "`ccat_data_transfer worker`.",
  manager: "`ccat_data_transfer manager`.",
  staging: "How packages are brought to a processing location.",
  storage: "How archives are read.",
  health: "HTTP for probes and Prometheus.",
  logging: "The log, one line an event, on stderr.",
  demo: "`ccat_data_transfer demo`.",
  s3: "Access to S3 archives, one table for each, named `<site>_<location>` in lower case: `s3.cologne_lta.access_key`, or the variable `CCAT_DATA_TRANSFER_S3__COLOGNE_LTA__ACCESS_KEY`.",
};

/** The whole of docs/settings.md; `node scripts/write-docs.ts` writes it. */
export function renderSettingsDocs(): string {
  const sections = [
    section("outside every table", "", general),
    ...Object.entries({ ...tables, ...namedTables }).map(([name, table]) =>
      section(name, subjects[name as keyof typeof subjects], table),
    ),
  ];
  return `${[introduction, ...sections].join("\n\n")}\n`;
}

const introduction = `<!-- Written by scripts/write-docs.ts from packages/data-transfer/src/settings/definition.ts. -->

# Settings

Settings are read as Dynaconf reads them. Each of these places wins over those before it:

1. the built-in values below;
2. the \`settings.toml\` that the program brings with it, in which \`[production]\` describes the pods on Ramses;
3. \`settings.toml\`, \`settings.local.toml\` and \`.secrets.toml\` in the working directory, or in the folder that
   \`CCAT_DATA_TRANSFER_SETTINGS_DIR\` names;
4. environment variables: \`redis.host\` is \`CCAT_DATA_TRANSFER_REDIS__HOST\`;
5. options of the command line, where a command has one for the setting.

Of each file the section \`[default]\` counts, and on top of it the section that \`ENV_FOR_DYNACONF\` names (\`localdev\` without
it). Tables are merged key by key, lists are replaced. \`ccat_data_transfer settings show\` prints what came out, and from where.

- A variable's text is read as TOML where the setting is a number, a list or a truth value; a setting that is a text takes it
  as it stands. The tags \`@none\`, \`@str\`, \`@int\`, \`@float\`, \`@bool\` and \`@json\` work as in Dynaconf. An empty variable sets
  nothing where a setting may be absent.
- A duration is a number of seconds, or a text such as \`"30s"\`, \`"1h30m"\`, \`"14d"\`. A size is a number of bytes, or a text such
  as \`"500 MB"\`, \`"1 TiB"\`, \`"10Gi"\`.
- A secret may stand in a file: \`redis.password_file\`, or the variable \`CCAT_DATA_TRANSFER_REDIS__PASSWORD_FILE\`, names it. Variables
  that hold secrets are taken out of the environment once they are read, and no secret is ever printed.
- What has the wrong type or is missing stops the program, with one message that names every mistake. A key that nobody knows is a
  mistake in one of the tables below, and a warning anywhere else.`;

function section(name: string, subject: string, table: SettingTable): string {
  const rows = Object.entries(table).map(
    ([key, setting]) => `| \`${key}\` | ${kind(setting)} | ${fallback(setting)} | ${cell(setting.description)} |`,
  );
  const head = ["| key | value | built-in | meaning |", "| --- | --- | --- | --- |"];
  return [`## ${name}`, ...(subject === "" ? [] : [subject]), [...head, ...rows].join("\n")].join("\n\n");
}

function kind({ kind: name, expected }: Setting<unknown>): string {
  if (name === "duration" || name === "size" || name === "secret" || name === "boolean") return name;
  return cell(expected);
}

function fallback({ fallback: value, required }: Setting<unknown>): string {
  if (value === undefined) return required ? "must be set" : "";
  const text = Array.isArray(value) ? JSON.stringify(value) : String(value);
  return `\`${cell(text)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
