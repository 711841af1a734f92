import { type KubernetesObject, title } from "./kubernetes-object.ts";
import { nameFaults } from "./names.ts";
import { podFaults } from "./pods.ts";
import { referenceFaults } from "./references.ts";
import { resourceFaults } from "./resources.ts";
import { selectorFaults } from "./selectors.ts";

export interface Surroundings {
  /** Where the release goes; an object that names another namespace is a fault. */
  namespace: string;
  /** What is there before the release: `Secret/coscine-api-token-secret`, `PersistentVolumeClaim/mine`. */
  existing?: readonly string[];
}

/** Kinds that belong to the cluster as a whole: an administrator of one namespace cannot make them. */
const clusterWide = new Set(
  `APIService ClusterRole ClusterRoleBinding CSIDriver CSINode CustomResourceDefinition FlowSchema IngressClass
  MutatingWebhookConfiguration Namespace Node PersistentVolume PodSecurityPolicy PriorityClass PriorityLevelConfiguration
  RuntimeClass StorageClass ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
  VolumeAttachment`.split(/\s+/),
);

/**
 * What is wrong with the objects of one release that no model of a single object shows: names that Kubernetes refuses,
 * selectors that select nothing, mounts without a volume, references that lead nowhere. A sentence each.
 */
export function strictFaults(objects: readonly KubernetesObject[], surroundings: Surroundings): string[] {
  return [
    ...objects.flatMap((object) => placeFaults(object, surroundings.namespace)),
    ...twins(objects),
    ...objects.flatMap(nameFaults),
    ...podFaults(objects),
    ...resourceFaults(objects),
    ...selectorFaults(objects),
    ...referenceFaults(objects, surroundings.existing ?? []),
  ];
}

function placeFaults(object: KubernetesObject, namespace: string): string[] {
  if (clusterWide.has(object.kind)) return [`${title(object)} is not of one namespace`];
  const named = object.metadata.namespace;
  return named === undefined || named === namespace ? [] : [`${title(object)} is in ${named}, not in ${namespace}`];
}

function twins(objects: readonly KubernetesObject[]): string[] {
  const seen = new Set<string>();
  return objects.flatMap((object) => {
    const key = `${object.apiVersion.replace(/\/[^/]*$/, "")}/${title(object)}`;
    if (seen.has(key)) return [`${title(object)} is there twice`];
    seen.add(key);
    return [];
  });
}
