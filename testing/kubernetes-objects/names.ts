import { containersOf, type Json, type KubernetesObject, podTemplates, title } from "./kubernetes-object.ts";

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const serviceName = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualified = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const variable = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const dataKey = /^[-._a-zA-Z0-9]{1,253}$/;
const portName = /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/;
const mostAnnotationBytes = 256 * 1024;

/** Pods carry their owner's name in a label, and one of a Deployment a suffix of 17 more characters in its own name. */
const labelledByName = new Set(["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]);

/** What Kubernetes would refuse in the names that an object gives: its own, of labels, containers, ports, keys. */
export function nameFaults(object: KubernetesObject): string[] {
  const { metadata, kind } = object;
  const faults = [...ownName(kind, metadata.name), ...labelFaults(metadata.labels, "metadata.labels")];
  faults.push(...annotationFaults(metadata.annotations, "metadata.annotations"));
  for (const key of [...keysOf(object.data), ...keysOf(object.stringData)]) {
    if (!dataKey.test(key)) faults.push(`the key ${key} is no file name`);
  }
  for (const template of podTemplates([object])) {
    const { path, spec } = template;
    faults.push(...labelFaults(template.metadata.labels, `${path}.metadata.labels`));
    faults.push(...annotationFaults(template.metadata.annotations, `${path}.metadata.annotations`));
    for (const name of names(spec.volumes)) faults.push(...dnsLabel(name, `${path}.spec.volumes`));
    for (const container of containersOf(template)) {
      faults.push(...dnsLabel(container.spec.name, container.path));
      for (const name of names(container.spec.env)) {
        if (!variable.test(name)) faults.push(`${container.path}: ${name} is no name of a variable`);
      }
      for (const { name } of (container.spec.ports ?? []) as Json[]) {
        if (name !== undefined && !portName.test(name)) faults.push(`${container.path}: ${name} is no name of a port`);
      }
    }
  }
  return faults.map((fault) => `${title(object)}: ${fault}`);
}

function ownName(kind: string, name: string): string[] {
  if (kind === "Service") return serviceName.test(name) ? [] : [`${name} is no name of a service`];
  if (!subdomain.test(name) || name.length > 253) return [`${name} is no DNS name`];
  if (labelledByName.has(kind) && name.length > 63) return [`${name} is longer than the 63 characters of a label`];
  return kind === "CronJob" && name.length > 52 ? [`${name} is longer than 52 characters`] : [];
}

function dnsLabel(name: string, where: string): string[] {
  return label.test(name) ? [] : [`${where}: ${name} is no DNS label`];
}

function labelFaults(labels: unknown, where: string): string[] {
  return Object.entries((labels ?? {}) as Record<string, unknown>).flatMap(([key, value]) => {
    if (!isQualified(key)) return [`${where}: ${key} is no key`];
    const fits = typeof value === "string" && (value === "" || qualified.test(value));
    return fits ? [] : [`${where}: ${key} cannot be ${JSON.stringify(value)}`];
  });
}

function annotationFaults(annotations: unknown, where: string): string[] {
  const entries = Object.entries((annotations ?? {}) as Record<string, unknown>);
  const faults = entries.flatMap(([key, value]) => {
    if (!isQualified(key)) return [`${where}: ${key} is no key`];
    return typeof value === "string" ? [] : [`${where}: ${key} is not a text but ${JSON.stringify(value)}`];
  });
  const bytes = entries.flat().reduce<number>((sum, text) => sum + Buffer.byteLength(String(text)), 0);
  return bytes > mostAnnotationBytes ? [...faults, `${where}: ${bytes} bytes are too many`] : faults;
}

function isQualified(key: string): boolean {
  const [prefix, name] = key.includes("/") ? key.split(/\/(.*)/s) : [undefined, key];
  if (prefix !== undefined && (!subdomain.test(prefix) || prefix.length > 253)) return false;
  return qualified.test(name as string);
}

function names(list: Json): string[] {
  return ((list ?? []) as Json[]).map(({ name }) => name);
}

function keysOf(map: unknown): string[] {
  return Object.keys((map ?? {}) as object);
}
