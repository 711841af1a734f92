/** The chart for Kind is production's, but for what it says of itself: where the folders are, the network, and the laptop's size. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { after, test } from "node:test";
import { load } from "js-yaml";
import { startHelm } from "../../testing/helm/helm.ts";
import { kindClusterFaults } from "../../testing/kind-cluster.ts";
import { type Json, type KubernetesObject, podTemplates } from "../../testing/kubernetes-objects/kubernetes-object.ts";
import { localChart, path, productionChart } from "./charts.ts";

const helm = await startHelm({ after }, "3.17");

const valuesOf = (chart: string): Json => load(readFileSync(join(chart, "values.yaml"), "utf8"));
/** What only the local chart has. */
const alone = ["host", "servers"];
/** What the local chart's values differ in. */
const own = [...alone, "cologneStaging", "persistence", "resources", "podSecurityContext"];
const runbook = { release: "scheduler-dummy", namespace: "monitor" };

test("the templates are production's own files", () => {
  assert.equal(realpathSync(join(localChart, "templates/production")), join(productionChart, "templates"));
  assert.equal(realpathSync(join(localChart, "dashboards")), join(productionChart, "dashboards"));
});

test("the values are production's, but for those that have a reason", () => {
  const [local, production] = [valuesOf(localChart), valuesOf(productionChart)];
  assert.deepEqual(Object.keys(local).sort(), [...Object.keys(production), ...alone].sort());
  const different = Object.keys(local).filter((key) => JSON.stringify(local[key]) !== JSON.stringify(production[key]));
  assert.deepEqual(
    different.filter((key) => !own.includes(key)),
    [],
  );
  assert.deepEqual(local.cologneStaging.command, production.cologneStaging.command);
  assert.deepEqual(local.cologneStaging.image.repository, production.cologneStaging.image.repository);
  const { enabled: _, ...claim } = local.persistence;
  const { enabled, ...theirs } = production.persistence;
  assert.equal(enabled, true);
  assert.deepEqual(claim, theirs);
});

for (const overlay of ["default", "everything", "autoscaling", "health-checks", "plain-credentials", "extras"]) {
  test(`with production's values for these, both charts render the same: ${overlay}`, async () => {
    const production = valuesOf(productionChart);
    const shared = Object.fromEntries(own.filter((key) => !alone.includes(key)).map((key) => [key, production[key]]));
    // What production does not say has to be taken back; helm lays tables over each other.
    shared.podSecurityContext = { ...shared.podSecurityContext, runAsUser: null, runAsGroup: null };
    const values = { ...shared, host: { network: false, data: "" } };
    // Helm lays `values` over files; the overlay is to come last.
    const over = load(readFileSync(path(`values/${overlay}.yaml`), "utf8")) as object;
    const merged = { ...values, ...merge(shared, over) };
    const [ours, theirs] = await Promise.all([
      helm.render(localChart, { ...runbook, values: merged }),
      helm.render(productionChart, { ...runbook, values: over }),
    ]);
    assert.deepEqual(byName(ours), byName(theirs));
  });
}

test("with its own values it is one Deployment on the node's network and folders, and the test of it", async () => {
  const objects = await helm.render(localChart, { ...runbook, valueFiles: [join(localChart, "values.yaml")] });
  assert.deepEqual(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(), [
    "Deployment/scheduler-dummy-data-managers",
    "Pod/scheduler-dummy-doctor",
  ]);
  const specs = podTemplates(objects).map(({ spec }) => spec);
  for (const spec of specs) {
    assert.equal(spec.hostNetwork, true);
    assert.equal(spec.dnsPolicy, "ClusterFirstWithHostNet");
    assert.deepEqual(hostFolders(spec), ["/projects/ccat/etc/certs", "/projects/ccat/raw_data"]);
  }
  const [workers] = await helm.render(productionChart, runbook).then((all) => podTemplates(all));
  assert.deepEqual(specs[0].containers[0].env, workers?.spec.containers[0].env);
  assert.deepEqual(specs[0].containers[0].volumeMounts, workers?.spec.containers[0].volumeMounts);
});

test("pods on the node's network do not take each other's port, and an old one goes before the new one comes", async () => {
  const objects = await helm.render(localChart, { ...runbook, values: { manager: { enabled: true } } });
  const ports = podTemplates(objects).flatMap(({ spec }) =>
    spec.hostNetwork ? ((spec.containers[0].ports ?? []) as Json[]).map(({ containerPort }) => containerPort) : [],
  );
  assert.ok(ports.length > 0);
  assert.equal(new Set(ports).size, ports.length, ports.join());
  const workers = objects.find(({ metadata }) => metadata.name === "scheduler-dummy-data-managers");
  assert.equal(workers?.spec.strategy.type, "Recreate");
});

test("kind takes its configuration, and mounts every folder that the pods want from a folder that a clone has", async () => {
  const text = readFileSync(join(localChart, "kind-config.yaml"), "utf8");
  assert.deepEqual(kindClusterFaults(text), []);
  const cluster = load(text) as Json;
  assert.equal(cluster.name, "local-dev");
  const mounts = (cluster.nodes as Json[]).flatMap(({ extraMounts = [] }) => extraMounts as Json[]);
  const objects = await helm.render(localChart, runbook);
  const wanted = podTemplates(objects).flatMap(({ spec }) => hostFolders(spec));
  assert.ok(wanted.length > 0);
  for (const folder of wanted) {
    const mount = mounts.find(({ containerPath }) => !relative(containerPath, folder).startsWith(".."));
    assert.ok(mount, `nothing brings ${folder} into the node`);
    assert.equal(isAbsolute(mount.hostPath), false, "a place of one machine");
    assert.ok(existsSync(join(localChart, mount.hostPath)), `${mount.hostPath} is not in a clone`);
  }
  for (const mount of mounts.filter(({ containerPath }) => /certs$/.test(containerPath)))
    assert.equal(mount.readOnly, true);
});

function hostFolders(spec: Json): string[] {
  return ((spec.volumes ?? []) as Json[]).flatMap(({ hostPath }) => (hostPath ? [hostPath.path] : [])).sort();
}

/** Objects by their names, without the one label that says which chart made them. */
function byName(objects: readonly KubernetesObject[]): Record<string, Json> {
  return Object.fromEntries(
    objects.map((object) => {
      const copy: Json = structuredClone(object);
      delete copy.metadata.labels?.["helm.sh/chart"];
      return [`${object.kind}/${object.metadata.name}`, copy];
    }),
  );
}

/** As helm lays values over each other. */
function merge(base: Json, over: Json): Json {
  if (over === null || typeof over !== "object" || Array.isArray(over)) return over;
  const entries = Object.entries(over).map(([key, value]) => [
    key,
    key in (base ?? {}) ? merge(base[key], value) : value,
  ]);
  return { ...base, ...Object.fromEntries(entries) };
}
