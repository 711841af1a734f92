/** An object as a manifest has it. What its kind has besides is looked at by those who know the kind. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach deep into objects of many kinds; what is missing shows at once.
  readonly [field: string]: any;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly [field: string]: any;
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
export type Json = any;

/** A pod, or what makes pods: where it stands in its object, its labels, its spec. */
export interface PodTemplate {
  readonly owner: KubernetesObject;
  readonly path: string;
  readonly metadata: Partial<Metadata>;
  readonly spec: Json;
}

export interface Container {
  readonly path: string;
  readonly spec: Json;
}

/** How a fault names an object: `Deployment ccat-raw-data-managers`. */
export function title({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name}`;
}

export function podTemplates(objects: readonly KubernetesObject[]): PodTemplate[] {
  return objects.flatMap((owner) => {
    const [path, template] = templateOf(owner);
    return template === undefined
      ? []
      : [{ owner, path, metadata: template.metadata ?? {}, spec: template.spec ?? {} }];
  });
}

export function containersOf({ path, spec }: PodTemplate): Container[] {
  return ["initContainers", "containers"].flatMap((list) =>
    ((spec[list] ?? []) as Json[]).map((container) => ({
      path: `${path}.spec.${list}[${container.name}]`,
      spec: container,
    })),
  );
}

function templateOf(object: KubernetesObject): [string, Json] {
  switch (object.kind) {
    case "Pod":
      return ["pod", object];
    case "CronJob":
      return ["spec.jobTemplate.spec.template", object.spec?.jobTemplate?.spec?.template];
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
    case "ReplicaSet":
    case "Job":
      return ["spec.template", object.spec?.template];
    default:
      return ["", undefined];
  }
}
