import assert from "node:assert/strict";
import type { Scope } from "../scope.ts";
import { startCluster } from "./cluster.ts";
import { namespaceAdmin } from "./namespace-admin.ts";
import { type Shell, startShell } from "./shell.ts";

export interface NamespaceOptions {
  namespace: string;
  /** Where commands run. */
  cwd: string;
  /** Volumes of 10 GiB that claims of the default class may take, by name: the folder of each on the node. */
  volumes: Readonly<Record<string, string>>;
}

/** A shell of somebody who administers one namespace of a cluster whose node stands in for one, with helm 3.17. */
export async function startNamespaceShell(
  scope: Scope,
  { namespace, cwd, volumes }: NamespaceOptions,
): Promise<{ root: Shell; shell: Shell; kubeconfig: string }> {
  const cluster = await startCluster(scope);
  assert.ok(cluster.standIn, "a node of this cluster runs what it is given; this test wants one that stands in");
  const root = await startShell(scope, { version: "3.17", kubeconfig: cluster.kubeconfig, cwd });
  await root.apply(
    {
      ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", provisioner: "kubernetes.io/no-provisioner" },
      metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    },
    ...Object.entries(volumes).map(([name, folder]) => ({
      ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name } },
      spec: {
        ...{ storageClassName: "standard", accessModes: ["ReadWriteOnce"], capacity: { storage: "10Gi" } },
        ...{ persistentVolumeReclaimPolicy: "Retain", hostPath: { path: folder } },
      },
    })),
  );
  const kubeconfig = await namespaceAdmin(scope, root, namespace);
  const shell = await startShell(scope, { version: "3.17", kubeconfig, cwd });
  await shell.until(`kubectl auth can-i create deployments -n ${namespace}`, (output) => /^yes$/m.test(output));
  return { root, shell, kubeconfig };
}
