/**
 * The local chart links to production's templates and dashboards. Helm knows no link between values, so the part of its values
 * that is production's, and its schema, are written here.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { root } from "../report.ts";
import { chart, type Schema } from "./files.ts";

export const localChart = join(root, "system-integration/cologne-staging-k8s-local");
export const localValuesFile = join(localChart, "values.yaml");
export const localSchemaFile = join(localChart, "values.schema.json");

export type Values = Record<string, unknown>;

export function readProductionValues(): Values {
  return yaml.load(readFileSync(join(chart, "values.yaml"), "utf8")) as Values;
}

const line = "# ---- as in production ----\n";

/** @returns the local values: what stands above the line, and below it every other key as production has it */
export function withProductionValues(local: string, production: Values): string {
  const [own] = local.split(line);
  if (own === undefined || own === local)
    throw new Error("values.yaml of the local chart has no line between the two parts");
  const different = Object.keys(yaml.load(own) as Values);
  const same = Object.entries(production).filter(([key]) => !different.includes(key));
  return `${own}${line}\n${yaml.dump(Object.fromEntries(same), { lineWidth: 120, noRefs: true })}`;
}

const host: Schema = {
  type: "object",
  description: "What the pod shares with its node.",
  additionalProperties: false,
  required: ["network", "data"],
  properties: {
    network: { type: "boolean", description: "Whether the pod uses the node's network." },
    data: { type: "string", description: "Folder of the node at /data; has to be there.", pattern: "^(/.*)?$" },
  },
};

/** Production's schema and `host`; without defaults, since those are others here. */
export function localSchema(production: Schema): Schema {
  const own = withoutDefaults(production) as Schema;
  return {
    ...own,
    title: "Values of cologne-staging-k8s-local",
    required: [...(own.required as string[]), "host"],
    properties: { ...own.properties, host },
  };
}

function withoutDefaults(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutDefaults);
  if (node === null || typeof node !== "object") return node;
  const schema = node as Schema;
  const kept = Object.entries(schema).filter(([key, value]) => key !== "default" || isSchema(value));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutDefaults(value)]));
}

/** A property that is called `default` is no default. */
function isSchema(value: unknown): boolean {
  return value !== null && typeof value === "object" && "description" in value;
}
