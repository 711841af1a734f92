/**
 * A release's life on a real control plane of Kubernetes 1.20, as an admin of the namespace without rights in the cluster. The node
 * stands in for one: pods are said to run, and nothing is executed, so that the chart's own addresses are never asked.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { HelmVersion } from "../../../testing/helm/binaries.ts";
import { startCluster, withoutCluster } from "../../../testing/kubernetes/cluster.ts";
import { namespaceAdmin } from "../../../testing/kubernetes/namespace-admin.ts";
import { type Shell, startShell } from "../../../testing/kubernetes/shell.ts";
import type { Json } from "../../../testing/kubernetes-objects/kubernetes-object.ts";
import { localChart, path, productionChart } from "../charts.ts";

const skip = withoutCluster();
const scope = { after };
let kubeconfig = "";
let root: Shell;
if (!skip) {
  const cluster = await startCluster(scope);
  if (!cluster.standIn)
    throw new Error("a node of this cluster runs what it is given; this test wants one that stands in");
  kubeconfig = cluster.kubeconfig;
  root = await startShell(scope, { version: "3.17", kubeconfig, cwd: productionChart });
  await root.apply(
    {
      ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", provisioner: "kubernetes.io/no-provisioner" },
      metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    },
    ...["one", "two", "three", "four"].map((name) => volume(name, "standard")),
    volume("ccat-raw-data-pv", ""),
  );
}

const workers = "deployment/ccat-raw-data-managers";

test("the commands of the page of Ramses work as they stand", { skip }, async (t) => {
  const shell = await operator(t, "ccat", productionChart);
  const says = async (line: string, ...patterns: RegExp[]) => {
    const output = await shell.must(line);
    for (const pattern of patterns) assert.match(output, pattern, line);
    return output;
  };
  await says("kubectl config get-contexts", /^\*\s+ramses\s/m);
  await says("kubectl version", /v1\.20\./);
  await says("helm version", /v3\.17/);
  assert.notEqual((await shell.run("kubectl get nodes")).code, 0, "the operator is no admin of the cluster");

  const installed = await says("helm upgrade --install ccat-raw . -f values.yaml -n ccat", /STATUS: deployed/);
  for (const secret of ["redis", "postgres", "s3"])
    assert.match(installed, new RegExp(`^\\s+${secret}-credentials-secret$`, "m"));
  assert.match(installed, /^\s+coscine-api-token-secret$/m, "a Secret that is not there is named");
  await says(`kubectl rollout status ${workers} -n ccat`, /successfully rolled out/);
  await says("kubectl get pods -n ccat", /^ccat-raw-data-managers-\S+\s+1\/1\s+Running/m);
  await says(
    "kubectl describe pvc ccat-raw-data -n ccat",
    /Status:\s+Bound/,
    /StorageClass:\s+standard/,
    /Access Modes:\s+RWO/,
  );
  await says("kubectl describe pod", /Name:\s+ccat-raw-data-managers-/, /cologne-staging:/);
  await says("helm status ccat-raw -n ccat", /STATUS: deployed/);
  await says("helm get values ccat-raw -n ccat", /USER-SUPPLIED VALUES/, /dataManagers: 1/);
  await says("helm history ccat-raw -n ccat", /^1\s.*deployed/m);

  await says(
    "kubectl create secret generic coscine-api-token-secret --from-literal=CCAT_DATA_TRANSFER_COSCINE_API_TOKEN='' -n ccat --dry-run=client -o yaml > $HOME/coscine-api-token-secret.yaml && kubectl apply -f $HOME/coscine-api-token-secret.yaml -n ccat",
    /created/,
  );
  // What `make restart_ramses_processing` expands to, from the folder above.
  const before = await pods(shell, "ccat");
  const again = await says(
    "cd .. && helm upgrade --install ccat-raw cologne-staging-k8s -f cologne-staging-k8s/values.yaml -n ccat && kubectl rollout restart deployment/ccat-raw-data-managers -n ccat",
    /STATUS: deployed/,
    /restarted/,
  );
  assert.doesNotMatch(again, /^\s+coscine-api-token-secret$/m, "it is there now");
  await says(`kubectl rollout status ${workers} -n ccat`, /successfully rolled out/);
  await gone(shell, "ccat", before);
  await says("helm uninstall ccat-raw -n ccat", /kept due to the resource policy[\s\S]*ccat-raw-data/);
  await says("kubectl get pvc ccat-raw-data -n ccat", /Bound/);
});

for (const version of ["3.17", "4"] as HelmVersion[]) {
  const namespace = `ccat-helm${version.replace(".", "-")}`;

  test(`with helm ${version}: install, scale to two and back, roll back, take away; the claim stays`, {
    skip,
  }, async (t) => {
    const shell = await operator(t, namespace, productionChart, version);
    const upgrade = (more = "") =>
      shell.must(`helm upgrade --install ccat-raw . -f values.yaml -n ${namespace} ${more}`);
    const ready = () => shell.must(`kubectl rollout status ${workers} -n ${namespace} --timeout=60s`);
    await upgrade();
    await ready();
    const first = await pods(shell, namespace);
    assert.equal(first.length, 1);
    const claim = await get(shell, `pvc ccat-raw-data -n ${namespace}`);
    assert.equal(claim.status.phase, "Bound");

    // Nothing changed: the very same pod. A Secret that it reads came: another one.
    await upgrade();
    await ready();
    assert.deepEqual(await pods(shell, namespace), first);
    await shell.must(`kubectl create secret generic redis-credentials-secret -n ${namespace} --from-literal=A=b`);
    await upgrade();
    await ready();
    await gone(shell, namespace, first);

    const warned = await upgrade("--set replicas.dataManagers=2");
    assert.match(warned, /WARNING: 2 replicas share a ReadWriteOnce claim/);
    await ready();
    assert.equal((await pods(shell, namespace)).length, 2);
    await upgrade();
    await ready();
    await shell.until(`kubectl get pods -n ${namespace} -o name`, (output) => output.trim().split("\n").length === 1);

    // A mistake, and the way back from it.
    await upgrade("--set cologneStaging.image.tag=mistake");
    await ready();
    assert.equal((await image(shell, namespace)).endsWith(":mistake"), true);
    const history = await shell.must(`helm history ccat-raw -n ${namespace}`);
    assert.match(history, /^6\s.*deployed/m);
    await shell.must(`helm rollback ccat-raw 5 -n ${namespace}`);
    await ready();
    assert.equal((await image(shell, namespace)).endsWith(":mistake"), false);

    await shell.must(`helm uninstall ccat-raw -n ${namespace}`);
    await shell.until(`kubectl get pods -n ${namespace} -o name`, (output) => !output.includes("pod/"));
    const kept = await get(shell, `pvc ccat-raw-data -n ${namespace}`);
    assert.equal(kept.metadata.uid, claim.metadata.uid);
    assert.equal(kept.status.phase, "Bound");

    // It is found again by the next release of that name.
    await upgrade();
    await ready();
    assert.equal((await get(shell, `pvc ccat-raw-data -n ${namespace}`)).metadata.uid, claim.metadata.uid);
    await shell.must(`helm uninstall ccat-raw -n ${namespace}`);
  });
}

test("the administrators' volume is the one that is bound, and no other", { skip }, async (t) => {
  const namespace = "ccat-volume";
  const shell = await operator(t, namespace, productionChart);
  await shell.must(`helm upgrade --install ccat-raw . -n ${namespace} -f ${path("values/premade-volume.yaml")}`);
  await shell.must(`kubectl rollout status ${workers} -n ${namespace} --timeout=60s`);
  const claim = await get(shell, `pvc ccat-raw-data -n ${namespace}`);
  assert.deepEqual(
    [claim.status.phase, claim.spec.volumeName, claim.spec.storageClassName],
    ["Bound", "ccat-raw-data-pv", ""],
  );
});

test("a budget lets one of two pods be evicted, and not the second", { skip }, async (t) => {
  const namespace = "ccat-budget";
  const shell = await operator(t, namespace, productionChart);
  const install = (budget: string) =>
    shell.must(
      `helm upgrade --install ccat-raw . -n ${namespace} --set podDisruptionBudget.enabled=true,replicas.dataManagers=2 --set podDisruptionBudget.${budget}`,
    );
  await install("minAvailable=2");
  await shell.must(`kubectl rollout status ${workers} -n ${namespace} --timeout=60s`);
  const budget = `kubectl get pdb ccat-raw-data-managers -n ${namespace} -o jsonpath='{.status.currentHealthy}/{.status.disruptionsAllowed}'`;
  await shell.until(budget, (output) => output === "2/0");
  const [pod] = await pods(shell, namespace);
  // Who drains a node is an administrator of the cluster.
  const evict = () =>
    root.run(
      `kubectl create --raw /api/v1/namespaces/${namespace}/pods/${pod}/eviction -f -`,
      JSON.stringify({ apiVersion: "policy/v1beta1", kind: "Eviction", metadata: { name: pod, namespace } }),
    );
  const refused = await evict();
  assert.notEqual(refused.code, 0);
  assert.match(refused.output, /disruption budget/);
  await install("maxUnavailable=1");
  await shell.until(budget, (output) => output === "2/1");
  assert.equal((await evict()).code, 0);
});

test("all that can be switched on is taken by the server, strictly, where it knows the kind", { skip }, async (t) => {
  const namespace = "ccat-everything";
  const shell = await operator(t, namespace, productionChart);
  const files = [
    "extras",
    "manager",
    "network-policy",
    "plain-credentials",
    "tls-everywhere",
    "hpc-account",
    "health-checks",
  ];
  for (const file of files) {
    const rendered = `helm template ccat-raw . -n ${namespace} -f ${path(`values/${file}.yaml`)} --kube-version 1.20.2`;
    const { code, output } = await shell.run(
      `set -o pipefail; ${rendered} | kubectl apply --dry-run=server --validate=true -f -`,
    );
    assert.equal(code, 0, `${file}: ${output}`);
    assert.match(output, /deployment\.apps\/ccat-raw-data-managers created \(server dry run\)/);
  }
});

test("the local sequence of the page works from the chart's folder, and so does the way back", { skip }, async (t) => {
  const shell = await startShell(t, { version: "3.17", kubeconfig, cwd: localChart });
  await shell.must("kubectl create ns monitor");
  await shell.must("helm upgrade --install scheduler-dummy . -f values.yaml -n monitor");
  await shell.must("kubectl rollout status deployment/scheduler-dummy-data-managers -n monitor --timeout=60s");
  const [pod] = (await get(shell, "pods -n monitor")).items;
  assert.equal(pod.spec.hostNetwork, true);
  await shell.must("helm uninstall scheduler-dummy -n monitor");
  await shell.until("kubectl get pods -n monitor -o name", (output) => !output.includes("pod/"));
});

async function operator(
  t: typeof scope,
  namespace: string,
  cwd: string,
  version: HelmVersion = "3.17",
): Promise<Shell> {
  const own = await namespaceAdmin(t, root, namespace);
  const shell = await startShell(t, { version, kubeconfig: own, cwd });
  // The cluster puts the role together by itself, soon after its start.
  await shell.until(`kubectl auth can-i create deployments -n ${namespace}`, (output) => /^yes$/m.test(output));
  return shell;
}

async function get(shell: Shell, what: string): Promise<Json> {
  return JSON.parse(await shell.must(`kubectl get ${what} -o json`));
}

/** Names of the workers' pods that are not on their way out. */
async function pods(shell: Shell, namespace: string): Promise<string[]> {
  const { items } = await get(shell, `pods -n ${namespace} -l app.kubernetes.io/component=data-managers`);
  return (items as Json[]).filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name);
}

async function gone(shell: Shell, namespace: string, names: readonly string[]): Promise<void> {
  await shell.until(
    `kubectl get pods -n ${namespace} -o name`,
    (output) => !names.some((name) => output.includes(name)),
  );
  assert.equal((await pods(shell, namespace)).length, 1);
}

async function image(shell: Shell, namespace: string): Promise<string> {
  return (await get(shell, `${workers} -n ${namespace}`)).spec.template.spec.containers[0].image;
}

function volume(name: string, storageClassName: string): object {
  return {
    ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name } },
    spec: {
      ...{
        capacity: { storage: name.includes("raw") ? "100Ti" : "10Gi" },
        accessModes: ["ReadWriteOnce"],
        storageClassName,
      },
      ...{ persistentVolumeReclaimPolicy: "Retain", hostPath: { path: `/projects/ccat/${name}` } },
    },
  };
}
