/**
 * Two parts of values.schema.json are made from other sources: `settings` from the program's own tables, so that each key
 * leads to a real setting, and the keys of older charts from the list with which the chart answers them.
 */
import * as yaml from "js-yaml";
import { general, type SettingTable, tables } from "../../packages/data-transfer/src/settings/definition.ts";
import type { Setting } from "../../packages/data-transfer/src/settings/kinds.ts";
import type { Schema } from "./files.ts";

/** @param olderKeys  the text of _older-keys.tpl */
export function withGeneratedParts(schema: Schema, olderKeys: string): Schema {
  const whole = structuredClone(schema);
  whole.properties = withoutOlderKeys({ ...whole.properties, settings: settingsSchema() });
  for (const [path, where] of Object.entries(readOlderKeys(olderKeys))) {
    const keys = path.split(".");
    const last = keys.pop()!;
    const parent = keys.reduce<Schema | undefined>((at, key) => at?.properties?.[key], whole);
    if (!parent?.properties)
      throw new Error(`values.schema.json has no object ${keys.join(".")} for the older key ${path}`);
    if (parent.properties[last]) throw new Error(`${path} is a key of this chart, and cannot be one of an older one`);
    parent.properties[last] = { description: `A key of an older chart; now ${where}`, deprecated: true };
  }
  return whole;
}

/** {old key: where it is now}, from the template that refuses them. */
export function readOlderKeys(template: string): Record<string, string> {
  const body = /\{\{- define "[^"]+" -\}\}\n([\s\S]*)\n\{\{- end \}\}/.exec(template)?.[1];
  if (!body) throw new Error("_older-keys.tpl does not define a list");
  return yaml.load(body) as Record<string, string>;
}

function withoutOlderKeys(properties: Record<string, Schema>): Record<string, Schema> {
  const kept = Object.entries(properties).filter(([, schema]) => !schema.deprecated);
  return Object.fromEntries(
    kept.map(([key, schema]) => [
      key,
      schema.properties ? { ...schema, properties: withoutOlderKeys(schema.properties) } : schema,
    ]),
  );
}

/** Settings that have a value of their own in the chart, or none that makes sense in a pod. */
const elsewhere: Readonly<Record<string, readonly string[] | "all">> = {
  database: [
    ...["host", "port", "name", "user", "schema", "pool_size"],
    ...["sslmode", "server_name", "sslrootcert", "sslcert", "sslkey"],
  ],
  broker: ["kind"],
  redis: [
    ...["host", "port", "db", "username"],
    ...["tls", "server_name", "check_hostname", "ca_file", "cert_file", "key_file"],
  ],
  worker: ["drain_deadline"],
  health: ["port"],
  demo: "all",
};

function settingsSchema(): Schema {
  const properties: Record<string, Schema> = settingSchemas(general, []);
  for (const [name, table] of Object.entries(tables)) {
    const skip = elsewhere[name] ?? [];
    if (skip === "all") continue;
    properties[name] = {
      type: "object",
      description: `Table \`${name}\` of docs/settings.md.`,
      additionalProperties: false,
      properties: settingSchemas(table, skip),
    };
  }
  return {
    type: "object",
    description: "Any other setting of docs/settings.md, by table and key.",
    additionalProperties: false,
    properties,
    default: {},
  };
}

function settingSchemas(table: SettingTable, skip: readonly string[]): Record<string, Schema> {
  const settings = Object.entries(table).filter(([key, setting]) => setting.kind !== "secret" && !skip.includes(key));
  return Object.fromEntries(settings.map(([key, setting]) => [key, settingSchema(setting)]));
}

function settingSchema(setting: Setting<unknown>): Schema {
  const builtIn = setting.fallback === undefined ? "" : `; built-in: ${JSON.stringify(setting.fallback)}`;
  return { ...form(setting), description: `${setting.description} (${setting.expected}${builtIn})` };
}

/** What YAML may have; the program checks the rest. */
function form(setting: Setting<unknown>): Schema {
  switch (setting.kind) {
    case "integer": {
      const [, least, most] = /from (\d+) to (\d+)/.exec(setting.expected) ?? [];
      return { type: "integer", minimum: Number(least), maximum: Number(most) };
    }
    case "boolean":
      return { type: "boolean" };
    case "duration":
    case "size":
      return { type: ["number", "string"] };
    case "list":
      return { type: "array", items: { type: "string" } };
    case "choice":
      return { type: "string", enum: setting.expected.replace(/^one of /, "").split(", ") };
    case "mode":
      return { type: "string", pattern: "^(0o?)?[0-7]{3,4}$" };
    default:
      return { type: "string", minLength: 1 };
  }
}
