/** What the page of Ramses describes comes out of the chart's own values, under the names of that page. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { helmVersions } from "../../testing/helm/binaries.ts";
import { type Helm, startHelm } from "../../testing/helm/helm.ts";
import { containersOf, type Json, podTemplates } from "../../testing/kubernetes-objects/kubernetes-object.ts";
import { references } from "../../testing/kubernetes-objects/references.ts";
import { cases, localChart, productionChart } from "./charts.ts";

const helm = await startHelm({ after }, "3.17");
// As `helm upgrade --install ccat-raw . -f values.yaml -n ccat` has it.
const objects = await helm.render(productionChart, { valueFiles: [`${productionChart}/values.yaml`] });

const find = (kind: string): Json => objects.find((object) => object.kind === kind);
const pod = (): Json => find("Deployment").spec.template.spec;
const worker = (): Json => pod().containers[0];

test("the default release is one Deployment, one claim and the test of it, in the namespace, and nothing else", () => {
  assert.deepEqual(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(), [
    "Deployment/ccat-raw-data-managers",
    "PersistentVolumeClaim/ccat-raw-data",
    "Pod/ccat-raw-doctor",
  ]);
  assert.deepEqual(find("Pod").metadata.annotations["helm.sh/hook"], "test");
  assert.deepEqual(
    objects.filter(({ metadata }) => metadata.namespace !== "ccat"),
    [],
  );
});

test("the release's own files are the templates that the page names", async () => {
  const text = await helm.text(productionChart, {});
  assert.match(
    text,
    /# Source: cologne-staging-k8s\/templates\/deployment\.yaml\napiVersion: apps\/v1\nkind: Deployment/,
  );
  assert.match(
    text,
    /# Source: cologne-staging-k8s\/templates\/pvc\.yaml\napiVersion: v1\nkind: PersistentVolumeClaim/,
  );
});

test("the worker is the container that kubectl takes by default, and runs what the values say", () => {
  assert.equal(worker().name, "cologne-staging");
  const { annotations } = find("Deployment").spec.template.metadata;
  assert.equal(annotations["kubectl.kubernetes.io/default-container"], "cologne-staging");
  assert.match(worker().image, /^ghcr\.io\/ccatobs\/[a-z_]+:.+$/);
  assert.equal(worker().command[0], "ccat_data_transfer");
  assert.equal(worker().args, undefined);
  assert.equal(find("Deployment").spec.replicas, 1);
});

test("servers, names and certificates are those of the data center", () => {
  const values = Object.fromEntries((worker().env as Json[]).map(({ name, value }) => [name, value]));
  assert.equal(values.ENV_FOR_DYNACONF, "production");
  assert.equal(values.CCAT_DATA_TRANSFER_REDIS__HOST, "db.data.ccat.uni-koeln.de");
  assert.equal(values.CCAT_DATA_TRANSFER_REDIS__PORT, "6379");
  assert.equal(values.CCAT_DATA_TRANSFER_REDIS__TLS, "true");
  assert.equal(values.CCAT_DATA_TRANSFER_DATABASE__HOST, "db.data.ccat.uni-koeln.de");
  assert.equal(values.CCAT_DATA_TRANSFER_DATABASE__PORT, "5432");
  assert.deepEqual(pod().hostAliases, [{ ip: "134.95.40.103", hostnames: ["redis", "postgres"] }]);
  assert.deepEqual(
    (pod().volumes as Json[]).find(({ name }) => name === "redis-certs"),
    { name: "redis-certs", hostPath: { path: "/projects/ccat/etc/certs", type: "Directory" } },
  );
  assert.deepEqual(
    (worker().volumeMounts as Json[]).find(({ name }) => name === "redis-certs"),
    { name: "redis-certs", mountPath: "/etc/redis/certs", readOnly: true },
  );
});

test("/data is the claim: 10 Gi, ReadWriteOnce, of the default class, and left alone when the release goes", () => {
  const { spec, metadata } = find("PersistentVolumeClaim");
  assert.deepEqual(spec, { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } });
  assert.equal(metadata.annotations["helm.sh/resource-policy"], "keep");
  const data = (pod().volumes as Json[]).find(({ name }) => name === "data");
  assert.deepEqual(data, { name: "data", persistentVolumeClaim: { claimName: "ccat-raw-data" } });
  assert.ok((worker().volumeMounts as Json[]).some(({ name, mountPath }) => name === "data" && mountPath === "/data"));
  assert.equal(find("Deployment").spec.strategy.type, "Recreate");
});

test("a claim may be given up on purpose only", async () => {
  const claim = async (values: object) =>
    (await helm.render(productionChart, { values })).find(({ kind }) => kind === "PersistentVolumeClaim")!;
  assert.equal((await claim({ persistence: { keep: false } })).metadata.annotations, undefined);
  const annotated = await claim({ persistence: { annotations: { backup: "never" } }, annotations: { contact: "us" } });
  assert.deepEqual(annotated.metadata.annotations, {
    backup: "never",
    contact: "us",
    "helm.sh/resource-policy": "keep",
  });
});

test("probes are off; the Coscine token and the credentials are asked for by the page's names", () => {
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) assert.equal(worker()[probe], undefined);
  const named = references(objects).filter(({ to }) => to.startsWith("Secret/"));
  assert.ok(named.some(({ to }) => to === "Secret/coscine-api-token-secret"));
  // The default release comes up in an empty namespace: what it lacks, the worker says itself.
  assert.deepEqual(
    named.filter(({ optional }) => !optional),
    [],
  );
});

test("pods get no token of Kubernetes, a root file system that they cannot write, and their last words", () => {
  for (const { spec } of podTemplates(objects)) assert.equal(spec.automountServiceAccountToken, false);
  for (const { spec } of podTemplates(objects).flatMap(containersOf)) {
    assert.equal(spec.terminationMessagePolicy, "FallbackToLogsOnError");
    assert.equal(spec.securityContext.readOnlyRootFilesystem, true);
    assert.equal(spec.securityContext.allowPrivilegeEscalation, false);
    assert.ok(spec.resources.limits.memory && spec.resources.requests.memory);
  }
  assert.equal(pod().securityContext.fsGroup, undefined);
});

for (const version of helmVersions) {
  test(`helm ${version} finds nothing to say about the charts`, async (t) => {
    const own = await startHelm(t, version);
    await lint(own, productionChart, []);
    await lint(own, localChart, []);
  });
}

test("helm finds nothing to say about the charts with any of the values", async (t) => {
  const newest = await startHelm(t, "4");
  for (const { chart, valueFiles } of cases) await lint(newest, chart, valueFiles);
});

async function lint(helm: Helm, chart: string, valueFiles: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await helm.run(
    "lint",
    "--strict",
    chart,
    ...valueFiles.flatMap((file) => ["-f", file]),
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /1 chart\(s\) linted, 0 chart\(s\) failed/);
  assert.deepEqual(stdout.match(/^\[(?!INFO\] Chart\.yaml: icon is recommended).*$/gm), null);
}
