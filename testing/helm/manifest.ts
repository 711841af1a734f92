import { loadAll, Schema, YAML11_SCHEMA } from "js-yaml";
import type { KubernetesObject } from "../kubernetes-objects/kubernetes-object.ts";

/**
 * The objects of a manifest, read as Kubernetes reads YAML: a plain `yes` is a truth value and 0400 is octal, while what
 * looks like a day stays a text.
 *
 * @throws {Error} when a document is no object, or has a key twice
 */
export function readManifest(text: string): KubernetesObject[] {
  return loadAll(text, { schema })
    .filter((document) => document !== null && document !== undefined)
    .map((document) => {
      const object = document as Partial<KubernetesObject>;
      if (typeof object.apiVersion !== "string" || typeof object.kind !== "string" || !object.metadata?.name) {
        throw new Error(`a document without apiVersion, kind or name: ${JSON.stringify(document).slice(0, 200)}`);
      }
      return object as KubernetesObject;
    });
}

const schema = new Schema(YAML11_SCHEMA.tags.filter(({ tagName }) => tagName !== "tag:yaml.org,2002:timestamp"));
