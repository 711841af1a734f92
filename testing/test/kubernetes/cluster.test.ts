import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startCluster, withoutCluster } from "../../kubernetes/cluster.ts";
import { temporaryDirectory } from "../../temporary-directory.ts";

test("a cluster that does not say that it is for tests is asked for that, and for nothing more", async (t) => {
  const { kubeconfig, changes, asked } = await startOthersCluster(t);
  withEnvironment(t, { E2E_KUBECONFIG: kubeconfig, E2E_LAB: undefined, KUBECONFIG: undefined });
  await assert.rejects(startCluster(t), /this cluster is not for tests: there is no ConfigMap e2e-disposable/);
  assert.ok(asked.includes("/api/v1/namespaces/kube-system/configmaps/e2e-disposable"));
  assert.deepEqual(changes, []);
});

test("a cluster whose node runs what it is given is named by itself, and asked the same", async (t) => {
  const others = await startOthersCluster(t);
  const own = { E2E_KUBECONFIG: others.kubeconfig, E2E_REAL_KUBECONFIG: undefined };
  withEnvironment(t, { ...own, E2E_LAB: undefined, CI: undefined });
  const images = async () => [];
  assert.match(String(withoutCluster({ real: true })), /needs E2E_LAB, .* or E2E_REAL_KUBECONFIG/);
  await assert.rejects(startCluster(t, { images }), /needs E2E_LAB/);
  assert.deepEqual(others.asked, []);
  set("E2E_REAL_KUBECONFIG", others.kubeconfig);
  await assert.rejects(
    startCluster(t, { images }),
    /this cluster is not for tests: there is no ConfigMap e2e-disposable/,
  );
  assert.deepEqual(others.changes, []);
});

test("KUBECONFIG is never looked at", async (t) => {
  const { kubeconfig, asked } = await startOthersCluster(t);
  withEnvironment(t, { E2E_KUBECONFIG: undefined, E2E_LAB: undefined, KUBECONFIG: kubeconfig, CI: undefined });
  assert.match(String(withoutCluster()), /needs E2E_LAB/);
  await assert.rejects(startCluster(t), /needs E2E_LAB/);
  assert.deepEqual(asked, []);
});

test("with CI=true the tests that need a cluster are not skipped in silence", (t) => {
  withEnvironment(t, { E2E_KUBECONFIG: undefined, E2E_LAB: undefined, CI: "true" });
  assert.throws(() => withoutCluster(), /with CI=true no test is skipped/);
});

/** What kubectl wants to know of a server before it asks for a ConfigMap. */
const discovery: Record<string, object> = {
  "/api": { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: [] },
  "/api/v1": {
    ...{ kind: "APIResourceList", groupVersion: "v1" },
    resources: [{ name: "configmaps", singularName: "", namespaced: true, kind: "ConfigMap", verbs: ["get"] }],
  },
};

/** An API server that has nothing, and notes what it is asked. */
async function startOthersCluster(t: TestContext): Promise<{ kubeconfig: string; asked: string[]; changes: string[] }> {
  const asked: string[] = [];
  const changes: string[] = [];
  const server = createServer(({ method, url }, answer) => {
    asked.push(url ?? "");
    if (method !== "GET") changes.push(`${method} ${url}`);
    const known = discovery[(url ?? "").replace(/\?.*/, "")];
    answer.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    const nothing = { apiVersion: "v1", kind: "Status", status: "Failure", reason: "NotFound", code: 404 };
    answer.end(JSON.stringify(known ?? nothing));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const kubeconfig = join(await temporaryDirectory(t), "config");
  const content = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "ramses", users: [{ name: "a", user: {} }] },
    clusters: [{ name: "ramses", cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }],
    contexts: [{ name: "ramses", context: { cluster: "ramses", user: "a" } }],
  };
  await writeFile(kubeconfig, JSON.stringify(content));
  return { kubeconfig, asked, changes };
}

function withEnvironment(t: TestContext, variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    t.after(() => set(name, before));
    set(name, value);
  }
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
