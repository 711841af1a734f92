import type { Schema } from "./files.ts";

const begin = "<!-- Written by scripts/write-docs.ts from values.schema.json. -->";
const end = "<!-- /values -->";

/** @returns the README with the table of values between its marks */
export function withValuesTable(readme: string, schema: Schema): string {
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error("README.md of the chart has no place for its table");
  return `${before}${begin}\n\n${valuesTable(schema)}\n\n${end}${after}`;
}

/** The values of the chart, as their paths. */
export function valuePaths(schema: Schema): string[] {
  return rowsOf("", schema.properties ?? {}).map((row) => /`([^`]+)`/.exec(row)![1]!);
}

function valuesTable(schema: Schema): string {
  const rows = rowsOf("", schema.properties ?? {});
  return ["| value | default | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

function rowsOf(path: string, properties: Record<string, Schema>): string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    if (schema.deprecated || !("default" in schema || schema.properties)) return [];
    if (schema.default === undefined && schema.properties) return rowsOf(`${path}${key}.`, schema.properties);
    return [`| \`${path}${key}\` | ${defaultOf(schema)} | ${meaning(schema)} |`];
  });
}

function defaultOf(schema: Schema): string {
  return schema.default === "" ? "" : cell(`\`${JSON.stringify(schema.default)}\``);
}

function meaning(schema: Schema): string {
  const choices = schema.enum?.filter((one) => one !== "").map((one) => `\`${one}\``);
  return cell(`${schema.description}${choices ? ` One of ${choices.join(", ")}.` : ""}`);
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
