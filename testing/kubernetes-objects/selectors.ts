import { type Json, type KubernetesObject, podTemplates, title } from "./kubernetes-object.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Selectors that select nothing of the release: a workload's own pods, those of a budget, a service, a network policy, a
 * monitor's services, an affinity's neighbours; and spreads that do not count their own pods.
 */
export function selectorFaults(objects: readonly KubernetesObject[]): string[] {
  const pods = podTemplates(objects);
  const podLabels = pods.map(({ metadata }) => (metadata.labels ?? {}) as Labels);
  const services = objects.filter(({ kind }) => kind === "Service");
  const selectsPods = (selector: Json) => podLabels.some((labels) => selects(selector, labels));
  const faults: string[] = [];
  for (const { owner, metadata, spec } of pods) {
    const labels = (metadata.labels ?? {}) as Labels;
    if (["Deployment", "StatefulSet", "DaemonSet"].includes(owner.kind)) {
      if (isEmpty(owner.spec.selector)) faults.push(`${title(owner)} has an empty selector`);
      else if (!selects(owner.spec.selector, labels)) faults.push(`${title(owner)} does not select its own pods`);
    }
    for (const { labelSelector } of (spec.topologySpreadConstraints ?? []) as Json[]) {
      if (labelSelector !== undefined && !selects(labelSelector, labels)) {
        faults.push(`${title(owner)}: topologySpreadConstraints does not count its own pods`);
      }
    }
    for (const [kind, selector] of affinities(spec)) {
      if (!selectsPods(selector)) faults.push(`${title(owner)}: ${kind} selects no pod`);
    }
  }
  for (const object of objects) {
    const spec = object.spec ?? {};
    switch (object.kind) {
      case "PodDisruptionBudget":
        if (isEmpty(spec.selector) || !selectsPods(spec.selector)) faults.push(`${title(object)} selects no pod`);
        break;
      case "NetworkPolicy":
        if (isEmpty(spec.podSelector)) faults.push(`${title(object)} holds for every pod of the namespace`);
        else if (!selectsPods(spec.podSelector)) faults.push(`${title(object)} selects no pod`);
        break;
      case "Service":
        if (spec.selector && !selectsPods({ matchLabels: spec.selector }))
          faults.push(`${title(object)} selects no pod`);
        faults.push(...targetFaults(object, objects));
        break;
      case "PodMonitor":
        if (!selectsPods(spec.selector)) faults.push(`${title(object)} selects no pod`);
        break;
      case "ServiceMonitor": {
        const found = services.filter((service) => selects(spec.selector, service.metadata.labels ?? {}));
        if (found.length === 0) faults.push(`${title(object)} selects no service`);
        const ports = new Set(found.flatMap((service) => (service.spec.ports as Json[]).map(({ name }) => name)));
        for (const { port } of (spec.endpoints ?? []) as Json[]) {
          if (found.length > 0 && !ports.has(port)) faults.push(`${title(object)} asks at ${port}, which is no port`);
        }
      }
    }
  }
  // `kubectl logs deployment/...` and budgets take every pod that the selector takes, whoever made it.
  for (const { owner } of pods.filter(({ owner }) => owner.spec?.selector?.matchLabels)) {
    for (const other of pods) {
      if (other.owner === owner || !selects(owner.spec.selector, (other.metadata.labels ?? {}) as Labels)) continue;
      faults.push(`${title(owner)} selects the pods of ${title(other.owner)}, too`);
    }
  }
  return faults;
}

/** Whether a label selector, of any of its two forms, takes these labels. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Json, labels: Labels): boolean {
  const equal = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return equal && (matchExpressions as Json[]).every((expression) => holds(expression, labels));
}

function holds({ key, operator, values = [] }: Json, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      throw new Error(`a selector with the operator ${operator}`);
  }
}

function isEmpty(selector: Json): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length === 0;
}

function targetFaults(service: KubernetesObject, objects: readonly KubernetesObject[]): string[] {
  const pods = podTemplates(objects).filter(({ metadata }) =>
    selects({ matchLabels: service.spec.selector ?? {} }, (metadata.labels ?? {}) as Labels),
  );
  const named = new Set(
    pods.flatMap(({ spec }) =>
      ((spec.containers ?? []) as Json[]).flatMap(({ ports = [] }) => (ports as Json[]).map(({ name }) => name)),
    ),
  );
  return ((service.spec.ports ?? []) as Json[])
    .filter(({ targetPort }) => typeof targetPort === "string" && !named.has(targetPort))
    .map(({ targetPort }) => `${title(service)} leads to ${targetPort}, which is no port`);
}

function affinities(spec: Json): [string, Json][] {
  const terms = ["podAffinity", "podAntiAffinity"].flatMap((kind) => {
    const { requiredDuringSchedulingIgnoredDuringExecution: hard = [] } = spec.affinity?.[kind] ?? {};
    const { preferredDuringSchedulingIgnoredDuringExecution: soft = [] } = spec.affinity?.[kind] ?? {};
    return [...hard, ...(soft as Json[]).map(({ podAffinityTerm }) => podAffinityTerm)].map(
      ({ labelSelector }) => [kind, labelSelector] as [string, Json],
    );
  });
  return terms.filter(([, selector]) => selector !== undefined);
}
