import { containersOf, type Json, type KubernetesObject, podTemplates, title } from "./kubernetes-object.ts";

const form = /^([+-]?\d+(?:\.\d*)?)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;
const factors: Record<string, number> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** A quantity as a number: `500m` is 0.5, `1Ki` is 1024. Undefined for what Kubernetes would refuse. */
export function quantity(text: string | number): number | undefined {
  const [, digits, suffix = ""] = form.exec(String(text)) ?? [];
  if (digits === undefined) return undefined;
  return suffix in factors ? Number(digits) * (factors[suffix] as number) : Number(digits + suffix);
}

/** Quantities that Kubernetes would refuse, and requests above the limit. */
export function resourceFaults(objects: readonly KubernetesObject[]): string[] {
  const containers = podTemplates(objects).flatMap((template) =>
    containersOf(template).flatMap(({ path, spec }) =>
      [...inResources(spec.resources ?? {})].map((fault) => `${title(template.owner)}: ${path}: ${fault}`),
    ),
  );
  const claims = objects
    .filter(({ kind }) => kind === "PersistentVolumeClaim")
    .flatMap((claim) => inResources(claim.spec?.resources ?? {}).map((fault) => `${title(claim)}: ${fault}`));
  const memory = podTemplates(objects).flatMap(({ owner, spec }) =>
    ((spec.volumes ?? []) as Json[])
      .filter(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && quantity(emptyDir.sizeLimit) === undefined)
      .map(({ name, emptyDir }) => `${title(owner)}: the volume ${name} has the limit ${emptyDir.sizeLimit}`),
  );
  return [...containers, ...claims, ...memory];
}

function inResources({ requests = {}, limits = {} }: Record<string, Record<string, string | number>>): string[] {
  const faults = [...Object.entries(requests), ...Object.entries(limits)]
    .filter(([, amount]) => quantity(amount) === undefined)
    .map(([name, amount]) => `${name}: ${amount} is no quantity`);
  for (const [name, amount] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && (quantity(amount) ?? 0) > (quantity(limit) ?? Number.POSITIVE_INFINITY)) {
      faults.push(`requests ${amount} of ${name}, more than its limit ${limit}`);
    }
  }
  return faults;
}
