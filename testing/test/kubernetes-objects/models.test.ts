import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsByModels, kubeVersions } from "../../kubernetes-objects/models.ts";
import { aRelease, objectsOf } from "./a-release.ts";

test("a release in which nothing is wrong passes the newest models, and the oldest where these have its kinds", async () => {
  const faults = async (version: (typeof kubeVersions)[number]) =>
    (await Promise.all(objectsOf(aRelease()).map((object) => faultsByModels(object, version)))).flat();
  assert.deepEqual(await faults("1.36"), []);
  assert.deepEqual(await faults("1.20"), [
    "PodDisruptionBudget mover: Kubernetes 1.20 has no PodDisruptionBudget in policy/v1",
  ]);
});

for (const version of kubeVersions) {
  test(`the models of ${version} name unknown fields, wrong types and what is missing, however deep`, async () => {
    const { deployment, claim } = aRelease();
    const [container] = deployment.spec.template.spec.containers;
    container.imagePulPolicy = "Always";
    deployment.spec.template.spec.affinity.podAffinity.requiredDuringScheduling = [];
    deployment.spec.replicas = "2";
    assert.deepEqual((await faultsByModels(deployment, version)).sort(), [
      "Deployment mover: spec/replicas must be integer",
      "Deployment mover: unknown field spec.template.spec.affinity.podAffinity.requiredDuringScheduling",
      "Deployment mover: unknown field spec.template.spec.containers[0].imagePulPolicy",
    ]);
    deployment.spec.replicas = 2;
    delete container.ports[0].containerPort;
    assert.match(
      (await faultsByModels(deployment, version)).join("\n"),
      /^Deployment mover: spec\/template\/spec\/containers\/0\/ports\/0 must have required property '?containerPort'?$/m,
    );
    claim.spec.accessModes = "ReadWriteOnce";
    assert.deepEqual(await faultsByModels(claim, version), [
      "PersistentVolumeClaim mover-data: spec/accessModes must be array",
    ]);
  });

  test(`the models of ${version} know the resources of KEDA and the Prometheus operator`, async () => {
    const { monitor } = aRelease();
    monitor.spec.endpoints[0].intervall = "30s";
    const scaler = {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: { name: "mover" },
      spec: { scaleTargetRef: { name: "mover" }, triggers: [{ type: "cron", metadata: {}, wehn: 1 }] },
    };
    assert.deepEqual(await faultsByModels(monitor, version), [
      "ServiceMonitor mover: unknown field spec.endpoints[0].intervall",
    ]);
    assert.deepEqual(await faultsByModels(scaler, version), [
      "ScaledObject mover: unknown field spec.triggers[0].wehn",
    ]);
  });
}

test("a field that came after 1.20 is unknown there", async () => {
  const { deployment } = aRelease();
  deployment.spec.template.spec.containers[0].livenessProbe.terminationGracePeriodSeconds = 5;
  assert.deepEqual(await faultsByModels(deployment, "1.36"), []);
  assert.deepEqual(await faultsByModels(deployment, "1.20"), [
    "Deployment mover: unknown field spec.template.spec.containers[0].livenessProbe.terminationGracePeriodSeconds",
  ]);
});
