import { join } from "node:path";
import { root } from "../report.ts";

/** The production chart's folder. */
export const chart = join(root, "system-integration/cologne-staging-k8s");

export const schemaFile = join(chart, "values.schema.json");
export const olderKeysFile = join(chart, "templates/parts/_older-keys.tpl");
export const readmeFile = join(chart, "README.md");

/** What is used here of a JSON schema. */
export interface Schema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  additionalProperties?: boolean | Schema;
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  pattern?: string;
  /** A key of an older chart: the schema lets it through to the template that says where it is now. */
  deprecated?: boolean;
  [other: string]: unknown;
}
