/** `helm upgrade` replaces pods exactly when something in them changed: a Deployment does that when its pod template differs. */
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Render, startHelm } from "../../testing/helm/helm.ts";
import type { Json } from "../../testing/kubernetes-objects/kubernetes-object.ts";
import { temporaryDirectory } from "../../testing/temporary-directory.ts";
import { productionChart } from "./charts.ts";

const helm = await startHelm({ after }, "3.17");

/** Credentials in the values, an overlay, a manager: what could make a template restless is all there. */
const usual = {
  redis: { password: "one" },
  envFrom: [{ secretRef: { name: "rotated" } }],
  settings: { worker: { concurrency: 2 } },
  podAnnotations: { note: "a" },
};

/** What may be changed under running pods. */
const still: [string, Render][] = [
  ["nothing", {}],
  ["an upgrade in place of an installation", { isUpgrade: true }],
  ["the number of replicas", { values: { replicas: { dataManagers: 3 } } }],
  ["a budget", { values: { podDisruptionBudget: { enabled: true } } }],
  [
    "alerts, dashboard and monitor",
    { values: { monitoring: everyOne("serviceMonitor", "prometheusRule", "dashboard") } },
  ],
  ["a network policy", { values: { networkPolicy: { enabled: true } } }],
  ["the size of the claim", { values: { persistence: { size: "20Gi" } } }],
  ["the claim's labels", { values: { persistence: { labels: { a: "b" } } } }],
  ["annotations of the Deployment", { values: { deploymentAnnotations: { a: "b" } } }],
  ["how pods are replaced", { values: { strategy: { type: "RollingUpdate" }, revisionHistoryLimit: 1 } }],
  ["the doctor's means", { values: { resources: { doctor: { limits: { memory: "1Gi" } } } } }],
  ["a manager beside it", { values: { manager: { enabled: true } } }],
  ["another Kubernetes", { kubeVersion: "1.20.15" }],
];

/** What a pod that runs already does not know of, and the only part of the template that may differ. */
const moving: [string, object, string][] = [
  ["a credential in the values", { redis: { password: "two" } }, "metadata"],
  ["one more credential", { postgres: { password: "x" } }, "metadata"],
  ["the image", { cologneStaging: { image: { tag: "9.9.9" } } }, "spec"],
  ["the command", { cologneStaging: { command: ["ccat_data_transfer", "worker", "--queue", "q"] } }, "spec"],
  ["a setting", { settings: { worker: { concurrency: 3 } } }, "spec"],
  ["a server", { postgres: { host: "other.example.org" } }, "spec"],
  ["a host's alias", { hostAliases: [] }, "spec"],
  ["an overlay", { envFrom: [{ secretRef: { name: "rotated-again" } }] }, "spec"],
  ["probes", { healthChecks: { enabled: true } }, "spec"],
  ["limits", { resources: { "cologne-staging": { limits: { memory: "2Gi" } } } }, "spec"],
  ["the time for draining", { shutdown: { drainSeconds: 300 } }, "spec"],
  ["the pod's annotations", { podAnnotations: { note: "b" } }, "metadata"],
  ["the environment", { app: { environment: "staging" } }, "spec"],
];

for (const [what, render] of still) {
  test(`pods run on when an upgrade changes ${what}`, async () => {
    assert.deepEqual(await template(render), await template({}));
  });
}

for (const [what, values, parts] of moving) {
  test(`pods are replaced when an upgrade changes ${what}`, async () => {
    const [before, then] = [await template({}), await template({ values })];
    const different = ["metadata", "spec"].filter(
      (part) => JSON.stringify(before[part]) !== JSON.stringify(then[part]),
    );
    assert.equal(different.join(), parts);
  });
}

test("pods run on when the chart gets another version, or the program another default tag that the values do not take", async (t) => {
  const chart = join(await temporaryDirectory(t), "cologne-staging-k8s");
  await cp(productionChart, chart, { recursive: true });
  const manifest = join(chart, "Chart.yaml");
  const text = await readFile(manifest, "utf8");
  const changed = text.replace(/^version: .*$/m, "version: 9.9.9").replace(/^appVersion: .*$/m, "appVersion: 9.9.9");
  assert.notEqual(changed, text);
  await writeFile(manifest, changed);
  const pinned = { cologneStaging: { image: { tag: "1.2.3" } } };
  assert.deepEqual(await template({ values: pinned }, chart), await template({ values: pinned }));
});

test("a password in the values shows nowhere but in its Secret", async () => {
  const text = await helm.text(productionChart, { values: { redis: { password: "hunter2hunter2" } } });
  assert.ok(!text.includes("hunter2hunter2"));
  assert.equal(text.split(Buffer.from("hunter2hunter2").toString("base64")).length, 2);
});

/** The workers' pod template, of the usual values and those. */
async function template(render: Render, chart = productionChart): Promise<Json> {
  const { values = {}, ...rest } = render;
  const objects = await helm.render(chart, { ...rest, values: { ...usual, ...values } });
  return objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "ccat-raw-data-managers")?.spec
    .template;
}

function everyOne(...names: string[]): object {
  return Object.fromEntries(names.map((name) => [name, { enabled: true }]));
}
