import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "../scope.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import type { Shell } from "./shell.ts";

/**
 * A kubeconfig like that of an operator on a login node: context `ramses`, admin of one namespace, nothing else. The namespace is
 * made if it is not there.
 *
 * @param cluster  a shell of the cluster's administrator
 */
export async function namespaceAdmin(scope: Scope, cluster: Shell, namespace: string): Promise<string> {
  const user = `${namespace}-operator`;
  await cluster.apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: user, namespace: "kube-system" } },
    {
      ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/service-account-token" },
      metadata: { name: user, namespace: "kube-system", annotations: { "kubernetes.io/service-account.name": user } },
    },
    {
      ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name: user, namespace } },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
      subjects: [{ kind: "ServiceAccount", name: user, namespace: "kube-system" }],
    },
  );
  const token = await cluster.until(
    `kubectl get secret ${user} -n kube-system -o go-template='{{ with .data.token }}{{ base64decode . }}{{ end }}'`,
    (output) => output !== "",
  );
  const config = JSON.parse(await cluster.must("kubectl config view --minify --raw -o json"));
  const file = join(await temporaryDirectory(scope), "config");
  const [{ cluster: server }] = config.clusters;
  const content = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "ramses" },
    clusters: [{ name: "ramses", cluster: server }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "ramses", context: { cluster: "ramses", user, namespace } }],
  };
  await writeFile(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}
