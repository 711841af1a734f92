/**
 * `make local-demo` on a real control plane of Kubernetes 1.20, whose node stands in for one: helm and kubectl are real, and so are the
 * chart's objects. What runs behind `kubectl exec` is the program itself, on this machine, with servers of this machine.
 */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { launcher, startProduction, startServers } from "../../../packages/data-transfer/test/processes/production.ts";
import { startWritableS3 } from "../../../packages/data-transfer/test/processes/writable-s3.ts";
import { helmBinaries } from "../../../testing/helm/binaries.ts";
import { withoutCluster } from "../../../testing/kubernetes/cluster.ts";
import { startNamespaceShell } from "../../../testing/kubernetes/namespace-shell.ts";
import { without } from "../../../testing/require-server.ts";
import type { Scope } from "../../../testing/scope.ts";
import { temporaryDirectory } from "../../../testing/temporary-directory.ts";
import { path } from "../charts.ts";

const skip = withoutCluster() || without("redis-server", "openssl");

test("local-demo: servers, sample data, two packages staged and verified; once more changes nothing", {
  skip,
}, async (t) => {
  const { shell, demo } = await prepare(t);
  const servers = await startServers(t);
  const production = await startProduction(t, servers, { database: "empty" });
  const store = await startWritableS3(t, production, { name: "laptop", bucket: "raw-data", prefix: "" });
  const programs = await programsFor(t, production.environment());

  // Nothing of it is there yet: the pods prepare the database, and here that is done by hand, with what they would run.
  const render = `helm template scheduler-dummy cologne-staging-k8s-local -f cologne-staging-k8s-local/values-servers.yaml`;
  const script = /^ {10}- \|\n((?: {12}.*\n)+)/m
    .exec(await shell.must(`${render} 2>/dev/null`))![1]!
    .replace(/^ {12}/gm, "");
  assert.match(script, /db migrate[\s\S]*https:\/\/scheduler-dummy-s3/);
  const here = script.replace("https://scheduler-dummy-s3", store.endpoint);
  for (const _ of ["first", "again"]) await shell.must(`PATH=${programs}:$PATH sh -e`, here);
  await Promise.all([production.start(["manager"]), production.start(["worker", "--location", "ramses_processing"])]);

  const first = await shell.run(demo(programs));
  assert.equal(first.code, 0, first.output);
  assert.match(
    first.output,
    /^cd cologne-staging-k8s-local && helm upgrade --install scheduler-dummy \. -f values\.yaml/m,
  );
  assert.match(first.output, /deployment "scheduler-dummy-data-managers" successfully rolled out/);
  assert.match(
    first.output,
    /^kubectl --context kind-local-dev exec deploy\/scheduler-dummy-data-managers .* db sample/m,
  );
  assert.match(first.output, /db sample cologne\/laptop\n(sample_.*: added; catalogue: added\n){4}/);
  assert.match(first.output, /2 completed/);
  assert.match(
    first.output,
    new RegExp(`^${production.root}/staged/sample_CHAI_LFA_Cal_Mars_0002/housekeeping.fits$`, "m"),
  );
  assert.equal(first.output.match(/^sample_\S+ +intact +4 +0 *-?$/gm)?.length, 2, first.output);
  assert.equal((await readdir(join(production.root, "staged"))).filter((name) => !/\.xxh64$/.test(name)).length, 2);
  assert.equal(store.puts.length, 4);
  // The Secrets that the release itself brings are missing from nowhere.
  assert.match(first.output, /WARNING: these Secrets[\s\S]*coscine-api-token-secret/);
  assert.doesNotMatch(first.output, /^ {2}scheduler-dummy-servers/m);

  const secrets =
    "kubectl get secrets -n monitor -l app.kubernetes.io/component=servers -o jsonpath='{.items[*].data}'";
  const pods = "kubectl get deployments -n monitor -o jsonpath='{.items[*].metadata.generation}'";
  const before = [await shell.must(secrets), await shell.must(pods)];
  assert.match(before[0]!, /server\.key/);
  assert.equal(before[1], "1 1 1 1 1");
  const again = await shell.run(demo(programs));
  assert.equal(again.code, 0, again.output);
  assert.match(again.output, /REVISION: 2/);
  assert.deepEqual([await shell.must(secrets), await shell.must(pods)], before);
  assert.equal(store.puts.length, 4);
  assert.equal(again.output.match(/^sample_\S+ +intact/gm)?.length, 2, again.output);

  // Other servers' pods come and go as they are asked for; what they kept goes with the release.
  await shell.must("kubectl delete secret scheduler-dummy-servers-client -n monitor");
  await shell.must(
    "cd cologne-staging-k8s-local && helm upgrade scheduler-dummy . -f values.yaml -f values-servers.yaml -n monitor",
  );
  const renewed = await shell.must(secrets);
  assert.notEqual(renewed, before[0]);
  assert.equal(passwordIn(renewed), passwordIn(before[0]!));
  await shell.must("helm uninstall scheduler-dummy -n monitor");
  await shell.until(
    "kubectl get secrets,pvc -n monitor -l app.kubernetes.io/part-of=cologne-staging -o name",
    (output) => output === "",
  );
});

function passwordIn(secrets: string): string {
  return /"CCAT_DATA_TRANSFER_DATABASE__PASSWORD":"([^"]+)"/.exec(secrets)![1]!;
}

/** An administrator of the namespace `monitor`, in a context that is called as kind calls it. */
async function prepare(t: Scope) {
  const volumes = { first: "/var/local/first", second: "/var/local/second" };
  const { shell, kubeconfig } = await startNamespaceShell(t, { namespace: "monitor", cwd: path(".."), volumes });
  await writeFile(kubeconfig, (await readFile(kubeconfig, "utf8")).replaceAll('"ramses"', '"kind-local-dev"'));
  return { shell, demo: (programs: string) => `PATH=${programs}:$PATH make --no-print-directory local-demo` };
}

/** A folder with the program as it is in the image, and a kubectl that runs `exec` here, all else as it is. */
async function programsFor(t: Scope, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(await temporaryDirectory(t), "programs");
  await mkdir(folder);
  const { kubectl } = await helmBinaries("3.17");
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quoted(value ?? "")}`);
  const scripts = {
    ccat_data_transfer: `exec env ${variables.join(" ")} ${quoted(process.execPath)} ${quoted(launcher)} "$@"`,
    kubectl: [
      'case " $* " in',
      '*" exec deploy/scheduler-dummy-data-managers -n monitor -- "*)',
      '  until [ "$1" = -- ]; do shift; done; shift; exec "$@";;',
      "esac",
      `exec ${quoted(kubectl)} "$@"`,
    ].join("\n"),
  };
  for (const [name, body] of Object.entries(scripts)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}
