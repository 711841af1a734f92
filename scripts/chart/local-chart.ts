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
export const localReadmeFile = join(localChart, "README.md");
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

/** Values that the local chart alone has. */
export const ownValues: Record<string, Schema> = {
  host: closed("What the pod shares with its node.", {
    network: { type: "boolean", description: "Whether the pod uses the node's network.", default: true },
    data: {
      ...{ type: "string", description: "Folder of the node at /data; has to be there.", pattern: "^(/.*)?$" },
      default: "/projects/ccat/raw_data",
    },
  }),
  servers: closed("Redis, PostgreSQL and an S3 store in the cluster, for a laptop without the data center.", {
    enabled: {
      type: "boolean",
      description: "Whether they are there; everything leads to them then, and the pods prepare the database.",
      default: false,
    },
    redis: closed("Redis with mutual TLS.", {
      image: image("docker.io/library/redis:7.4.11-bookworm"),
      resources: resources("20m", "32Mi", "500m", "192Mi"),
    }),
    postgres: closed("PostgreSQL with TLS.", {
      image: image("docker.io/library/postgres:17.11-bookworm"),
      size: size("1Gi"),
      resources: resources("50m", "96Mi", "1", "512Mi"),
    }),
    s3: closed("The S3 store, with TLS.", {
      image: image("ghcr.io/versity/versitygw:v1.7.0"),
      size: size("5Gi"),
      resources: resources("20m", "48Mi", "1", "256Mi"),
    }),
  }),
};

function closed(description: string, properties: Record<string, Schema>): Schema {
  return { type: "object", description, additionalProperties: false, required: Object.keys(properties), properties };
}

function image(name: string): Schema {
  const pattern = "^[a-z0-9][^\\s@]*(:[\\w][\\w.-]*|@sha256:[0-9a-f]{64})$";
  return { type: "string", description: "Its image, with a tag or digest.", pattern, default: name };
}

function size(amount: string): Schema {
  const pattern = "^[0-9]+(\\.[0-9]+)?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$";
  return { type: "string", description: "Size of its claim, of the default class.", pattern, default: amount };
}

function resources(cpu: string, memory: string, mostCpu: string, mostMemory: string): Schema {
  const allOf = [{ $ref: "#/definitions/resources" }];
  const amounts = { requests: { cpu, memory }, limits: { cpu: mostCpu, memory: mostMemory } };
  return { description: "Its requests and limits.", allOf, default: amounts };
}

/** Production's schema without its defaults, since those are others here; and {@link ownValues}. */
export function localSchema(production: Schema): Schema {
  const own = withoutDefaults(production) as Schema;
  return {
    ...own,
    title: "Values of cologne-staging-k8s-local",
    required: [...(own.required as string[]), ...Object.keys(ownValues)],
    properties: { ...own.properties, ...ownValues },
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
