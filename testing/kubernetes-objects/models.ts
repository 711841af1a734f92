import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Json, type KubernetesObject, title } from "./kubernetes-object.ts";
import { declaredShape, type Shape } from "./type-declarations.ts";

/** The oldest and the newest Kubernetes that charts are rendered for. */
export const kubeVersions = ["1.20", "1.36"] as const;
export type KubeVersion = (typeof kubeVersions)[number];

/**
 * What is wrong with an object by the models of that Kubernetes: an API version or kind that it does not have, a value of
 * the wrong type, a field that is missing (the first of these two), and every field that nobody knows. There are no models of 1.20 itself; those of
 * 1.19 stand in, and know a little less.
 */
export async function faultsByModels(object: KubernetesObject, kubeVersion: KubeVersion): Promise<string[]> {
  const module = moduleOf(object, kubeVersion);
  if (module === undefined) {
    return [`${title(object)}: Kubernetes ${kubeVersion} has no ${object.kind} in ${object.apiVersion}`];
  }
  const faults = unknownFields(object, declaredShape(module, `I${object.kind}`), "");
  try {
    new (await modelOf(module, object.kind))(object).validate();
  } catch (error) {
    const sentences = (error as Error).message.split(", ").map((sentence) => sentence.replace(/^data\//, ""));
    // The old models say every number or text twice, as an alternative to null.
    const plain = sentences.filter((sentence) => !/must be null$|exactly one schema in oneOf$/.test(sentence));
    faults.push(...(plain.length > 0 ? plain : sentences));
  }
  return faults.map((fault) => `${title(object)}: ${fault}`);
}

const models: Record<KubeVersion, string> = { "1.20": "kubernetes-models-1.19", "1.36": "kubernetes-models" };

/** Custom resources: the same for every Kubernetes. */
const resources: Record<string, string> = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "keda.sh": "@kubernetes-models/keda",
};

function moduleOf({ apiVersion, kind }: KubernetesObject, kubeVersion: KubeVersion): string | undefined {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] as string) : "";
  const module = `${resources[group] ?? models[kubeVersion]}/${apiVersion}/${kind}`;
  const declarations = fileURLToPath(new URL(`../../node_modules/${module}.d.ts`, import.meta.url));
  return existsSync(declarations) ? module : undefined;
}

type Model = new (object: KubernetesObject) => { validate(): void };

async function modelOf(module: string, kind: string): Promise<Model> {
  const old = module.startsWith("kubernetes-models-1.19/");
  const exported = (old ? createRequire(import.meta.url)(module) : await import(module)) as Record<string, Model>;
  return exported[kind] as Model;
}

function unknownFields(value: Json, shape: Shape, path: string): string[] {
  if (value === null || typeof value !== "object" || shape.form === "scalar") return [];
  if (Array.isArray(value)) {
    const item = shape.form === "list" ? shape.of() : undefined;
    return item === undefined ? [] : value.flatMap((each, index) => unknownFields(each, item, `${path}[${index}]`));
  }
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = path === "" ? key : `${path}.${key}`;
    if (shape.form === "map") return unknownFields(inner, shape.of(), here);
    const field = shape.form === "fields" ? shape.fields.get(key) : undefined;
    return field === undefined ? [`unknown field ${here}`] : unknownFields(inner, field(), here);
  });
}
