/** The Makefile's procedures on a real control plane of Kubernetes 1.20, whose node stands in for one: see release.test.ts. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { withoutCluster } from "../../../testing/kubernetes/cluster.ts";
import { startNamespaceShell } from "../../../testing/kubernetes/namespace-shell.ts";
import { temporaryDirectory } from "../../../testing/temporary-directory.ts";
import { path } from "../charts.ts";

const skip = withoutCluster();

test("procedures: deploy, look, take over, replace the token, go back", { skip }, async (t) => {
  const volumes = { one: "/projects/ccat/raw_data" };
  const { root, shell } = await startNamespaceShell(t, { namespace: "ccat-make", cwd: path(".."), volumes });
  const procedure = (line: string) => `make --no-print-directory ${line} NAMESPACE=ccat-make`;

  // Nothing is there yet.
  const nothing = await shell.run(procedure("adopt-check"));
  assert.match(nothing.output, /error: there is no release ccat-raw in namespace ccat-make/);
  assert.notEqual(nothing.code, 0);

  // Somebody else's release of that name: another selector, a claim, a value of another chart.
  const foreign = join(await temporaryDirectory(t), "foreign");
  await root.must(`mkdir -p ${foreign}/templates`);
  await writeFile(join(foreign, "Chart.yaml"), "apiVersion: v2\nname: cologne-staging-k8s\nversion: 0.0.1\n");
  await writeFile(join(foreign, "templates/all.yaml"), foreignRelease);
  await shell.must(`helm install ccat-raw ${foreign} -n ccat-make --set replicaCount=1`);
  const refused = await shell.run(procedure("adopt-check"));
  assert.notEqual(refused.code, 0);
  assert.match(
    refused.output,
    /‼ the values that the running release was given are values of this chart\n {4}- replicaCount is a key/,
  );
  assert.match(
    refused.output,
    /× the selector of the Deployment stays as it is\n {4}it is \{"app":"ccat-raw-data-managers"\}/,
  );
  assert.match(refused.output, /try: write to a values file: selectorLabels: \{"app":"ccat-raw-data-managers"\}/);
  assert.match(refused.output, /√ the claim stays as it is/);
  assert.match(refused.output, /‼ the claim is kept when the release is uninstalled/);
  assert.match(refused.output, /‼ the Secret coscine-api-token-secret is there/);
  assert.match(refused.output, /× cannot be taken over yet: 1 to be mended first/);

  // As it said; and the token.
  const overlay = join(foreign, "ramses.yaml");
  await writeFile(overlay, 'selectorLabels: {"app":"ccat-raw-data-managers"}\n');
  const made = await shell.must(procedure("create-coscine-secret"), "a-token-of-coscine\n");
  assert.doesNotMatch(made, /a-token-of-coscine/);
  const stored = await shell.must(
    "kubectl get secret coscine-api-token-secret -n ccat-make -o go-template='{{ index .data \"CCAT_DATA_TRANSFER_COSCINE_API_TOKEN\" | base64decode }}'",
  );
  assert.equal(stored, "a-token-of-coscine");
  const allowed = await shell.must(procedure(`adopt-check VALUES=${overlay}`));
  assert.match(allowed, /√ the selector of the Deployment stays as it is/);
  assert.match(allowed, /√ the Secret coscine-api-token-secret is there/);
  assert.match(allowed, /√ can be taken over: make restart_ramses_processing\n$/);

  const different = await shell.run(procedure(`diff VALUES=${overlay}`));
  assert.match(different.output, /^\+.*image: ghcr\.io\/ccatobs\/ccat_data_transfer/m);
  assert.notEqual(different.code, 0);
  assert.match(await shell.must(procedure(`dry-run VALUES=${overlay}`)), /STATUS: pending-upgrade/);

  // Over, and looked at.
  const over = await shell.must(procedure(`restart_ramses_processing VALUES=${overlay}`));
  assert.match(over, /^helm upgrade --install ccat-raw cologne-staging-k8s/m);
  assert.match(over, /restarted/);
  await shell.must("kubectl rollout status deployment/ccat-raw-data-managers -n ccat-make --timeout=60s");
  const status = await shell.must(procedure("status"));
  assert.match(status, /STATUS: deployed[\s\S]*pod\/ccat-raw-data-managers-[\s\S]*successfully rolled out/);
  assert.match(await shell.must(procedure("history")), /^2\s.*deployed/m);
  assert.match(await shell.must(procedure("lint")), /0 chart\(s\) failed[\s\S]*0 chart\(s\) failed/);
  assert.match(await shell.must(procedure("template")), /kind: Deployment/);

  // And back.
  assert.match(await shell.must(procedure("rollback")), /Rollback was a success[\s\S]*successfully rolled out/);
  const image = "kubectl get deployment ccat-raw-data-managers -n ccat-make -o jsonpath='{..image}'";
  assert.equal(await shell.must(image), "python-worker:1");
  await shell.must("helm uninstall ccat-raw -n ccat-make");
});

const foreignRelease = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ccat-raw-data-managers}
spec:
  selector: {matchLabels: {app: ccat-raw-data-managers}}
  template:
    metadata: {labels: {app: ccat-raw-data-managers}}
    spec: {containers: [{name: cologne-staging, image: "python-worker:1"}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ccat-raw-data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
`;
