import { containersOf, type Json, type KubernetesObject, podTemplates, title } from "./kubernetes-object.ts";

export interface Reference {
  /** What names it: `Deployment ccat-raw-data-managers`. */
  readonly from: string;
  /** What is named: `Secret/coscine-api-token-secret`. */
  readonly to: string;
  readonly key?: string;
  /** Kubernetes starts the pod without it. */
  readonly optional: boolean;
}

/** References to what is neither rendered nor there before, and to keys that a rendered Secret or ConfigMap lacks. */
export function referenceFaults(objects: readonly KubernetesObject[], existing: readonly string[]): string[] {
  const rendered = new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
  return references(objects).flatMap(({ from, to, key, optional }) => {
    const target = rendered.get(to);
    if (target === undefined) {
      return optional || existing.includes(to) ? [] : [`${from} refers to ${to}, which is not there`];
    }
    const keys = new Set(Object.keys({ ...target.data, ...target.stringData, ...target.binaryData }));
    return key === undefined || keys.has(key) ? [] : [`${from} refers to ${key} in ${to}, which has no such key`];
  });
}

/** All that the pods and other objects of a release refer to by name. */
export function references(objects: readonly KubernetesObject[]): Reference[] {
  const found: Reference[] = [];
  for (const template of podTemplates(objects)) {
    const from = title(template.owner);
    const note = (kind: string, name: string | undefined, { optional = false, key }: Json = {}) => {
      if (name !== undefined) found.push({ from, to: `${kind}/${name}`, optional, ...(key && { key }) });
    };
    const { spec } = template;
    note("ServiceAccount", spec.serviceAccountName === "default" ? undefined : spec.serviceAccountName);
    for (const { name } of (spec.imagePullSecrets ?? []) as Json[]) note("Secret", name);
    for (const volume of (spec.volumes ?? []) as Json[]) {
      note("PersistentVolumeClaim", volume.persistentVolumeClaim?.claimName);
      for (const source of [volume, ...(volume.projected?.sources ?? [])] as Json[]) {
        const { secret, configMap } = source;
        if (secret) inItems(secret, (key) => note("Secret", secret.secretName ?? secret.name, { ...secret, key }));
        if (configMap) inItems(configMap, (key) => note("ConfigMap", configMap.name, { ...configMap, key }));
      }
    }
    for (const { spec: container } of containersOf(template)) {
      for (const { secretRef, configMapRef } of (container.envFrom ?? []) as Json[]) {
        note("Secret", secretRef?.name, secretRef);
        note("ConfigMap", configMapRef?.name, configMapRef);
      }
      for (const { valueFrom } of (container.env ?? []) as Json[]) {
        note("Secret", valueFrom?.secretKeyRef?.name, valueFrom?.secretKeyRef);
        note("ConfigMap", valueFrom?.configMapKeyRef?.name, valueFrom?.configMapKeyRef);
      }
    }
  }
  for (const object of objects) found.push(...ofScaling(object));
  return found;
}

function inItems({ items }: Json, note: (key: string | undefined) => void): void {
  if (items === undefined) note(undefined);
  for (const { key } of (items ?? []) as Json[]) note(key);
}

function ofScaling(object: KubernetesObject): Reference[] {
  const from = title(object);
  const { spec = {} } = object;
  switch (object.kind) {
    case "ScaledObject": {
      const target = spec.scaleTargetRef ?? {};
      const means = ((spec.triggers ?? []) as Json[]).flatMap(({ authenticationRef: by }) =>
        by === undefined ? [] : [{ from, to: `${by.kind ?? "TriggerAuthentication"}/${by.name}`, optional: false }],
      );
      return [{ from, to: `${target.kind ?? "Deployment"}/${target.name}`, optional: false }, ...means];
    }
    case "HorizontalPodAutoscaler":
      return [{ from, to: `${spec.scaleTargetRef?.kind}/${spec.scaleTargetRef?.name}`, optional: false }];
    case "TriggerAuthentication":
      return ((spec.secretTargetRef ?? []) as Json[]).map(({ name, key }) => ({
        from,
        to: `Secret/${name}`,
        key,
        optional: false,
      }));
    case "RoleBinding":
      return [{ from, to: `${object.roleRef?.kind}/${object.roleRef?.name}`, optional: false }];
    default:
      return [];
  }
}
