/** What a pod's environment says is what the program understands: it is loaded as the program loads it. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { loadSettings } from "../../packages/data-transfer/src/settings/load.ts";
import { startHelm } from "../../testing/helm/helm.ts";
import { type Json, type KubernetesObject, podTemplates } from "../../testing/kubernetes-objects/kubernetes-object.ts";
import { temporaryDirectory } from "../../testing/temporary-directory.ts";
import { cases, productionChart } from "./charts.ts";

const helm = await startHelm({ after }, "4");
const cwd = await temporaryDirectory({ after });

for (const { name, ...where } of cases) {
  test(`${name}: every variable of the chart's containers is a setting, with a value that it may have; there is time to drain`, async () => {
    const objects = await helm.render(where.chart, where);
    let looked = 0;
    for (const { owner, spec } of podTemplates(objects)) {
      // Servers of the local chart are other programs.
      if (/-(redis|postgres|s3)$/.test(owner.metadata.name)) continue;
      const env = environmentOf(spec.containers[0], objects);
      const own = Object.keys(env).filter((key) => key.startsWith("CCAT_DATA_TRANSFER_"));
      assert.ok(own.length > 5, `${owner.metadata.name}: ${own.length}`);
      const { warnings, settings } = loadSettings({ env, cwd });
      assert.deepEqual(warnings, [], owner.metadata.name);
      assert.equal(
        settings.environment,
        spec.containers[0].env.find(({ name }: Json) => name === "ENV_FOR_DYNACONF").value,
      );
      if (owner.metadata.name.endsWith("-data-managers")) {
        assert.ok(spec.terminationGracePeriodSeconds > settings.worker.drainDeadline, "killed while it drains");
        looked++;
      }
    }
    assert.equal(looked, 1);
  });
}

test("values reach the setting that they are for", async () => {
  const values = {
    redis: {
      ...{ host: "r.example.org", port: 6380, db: 2, username: "u", password: 'p: {{ }} "q" #' },
      tls: { serverName: "name", checkHostname: false, caFile: "a.crt", certFile: "/b/b.crt", keyFile: "c.key" },
    },
    postgres: {
      ...{ host: "p.example.org", port: 5433, database: "d", schema: "s", user: "12", password: "0123", poolSize: 7 },
      tls: { mode: "verify-full", serverName: "other", rootCertFile: "d.crt", certFile: "e.crt", keyFile: "f.key" },
    },
    s3: { archives: { cologne_lta: { accessKey: "AK", secretKey: "1e5", region: "eu" } } },
    coscine: { token: "t" },
    healthChecks: { port: 8080 },
    shutdown: { drainSeconds: 90 },
    settings: {
      startup_timeout: "2m",
      worker: { concurrency: 4, task_names: ["a.b", "c.*"] },
      staging: { confirm_above: 10_000_000_000_000, direct_writes: false, file_mode: "0640", group: 1234567 },
      storage: { rate_limit: 0, allowed_endpoints: ["https://s3.example.org"] },
    },
  };
  const objects = await helm.render(productionChart, { values });
  const workers = objects.find(({ kind }) => kind === "Deployment") as KubernetesObject;
  const { settings } = loadSettings({ env: environmentOf(workers.spec.template.spec.containers[0], objects), cwd });
  const { redis, database, s3, worker, staging, storage, health, coscineApiToken, startupTimeout } = settings;
  assert.deepEqual(
    [redis.host, redis.port, redis.db, redis.username, redis.password?.reveal(), redis.tls, redis.serverName],
    ["r.example.org", 6380, 2, "u", 'p: {{ }} "q" #', true, "name"],
  );
  assert.deepEqual(
    [redis.checkHostname, redis.caFile, redis.certFile, redis.keyFile],
    [false, "/etc/redis/certs/a.crt", "/b/b.crt", "/etc/redis/certs/c.key"],
  );
  assert.deepEqual(
    [database.host, database.port, database.name, database.schema, database.user, database.password?.reveal()],
    ["p.example.org", 5433, "d", "s", "12", "0123"],
  );
  assert.deepEqual(
    [database.poolSize, database.sslmode, database.serverName, database.sslrootcert, database.sslcert, database.sslkey],
    [7, "verify-full", "other", ...["d.crt", "e.crt", "f.key"].map((file) => `/etc/redis/certs/${file}`)],
  );
  const { accessKey, secretKey, region } = s3.cologne_lta!;
  assert.deepEqual([accessKey?.reveal(), secretKey?.reveal(), region], ["AK", "1e5", "eu"]);
  assert.deepEqual([coscineApiToken?.reveal(), health.port, startupTimeout], ["t", 8080, 120]);
  assert.deepEqual([worker.drainDeadline, worker.concurrency, worker.taskNames], [90, 4, ["a.b", "c.*"]]);
  assert.deepEqual(
    [staging.confirmAbove, staging.directWrites, staging.fileMode, staging.group],
    [10_000_000_000_000, false, 0o640, 1234567],
  );
  assert.deepEqual([storage.rateLimit, storage.allowedEndpoints], [0, ["https://s3.example.org"]]);
});

test("credentials are in no pod's env, so that an overlay's Secret, which comes last, wins", async () => {
  const values = {
    redis: { password: "in-the-values" },
    postgres: { user: "ccat", password: "in-the-values" },
    coscine: { token: "in-the-values" },
    s3: { archives: { cologne_lta: { accessKey: "AK", secretKey: "in-the-values" } } },
    envFrom: [{ secretRef: { name: "rotated" } }],
  };
  const objects = await helm.render(productionChart, { values });
  for (const { spec, owner } of podTemplates(objects)) {
    assert.ok(!JSON.stringify(owner).includes("in-the-values"), owner.metadata.name);
    const sources = (spec.containers[0].envFrom as Json[]).map(({ secretRef }) => secretRef.name);
    assert.deepEqual(sources.slice(-2), ["ccat-raw-credentials", "rotated"]);
    const named = (spec.containers[0].env as Json[]).map(({ name }) => name);
    assert.deepEqual(
      named.filter((name) => /PASSWORD|__USER|TOKEN|KEY$|USERNAME/.test(name)),
      [],
    );
  }
  const rotated = {
    ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "rotated" } },
    data: { CCAT_DATA_TRANSFER_DATABASE__PASSWORD: Buffer.from("rotated").toString("base64") },
  };
  const workers = objects.find(({ kind }) => kind === "Deployment") as KubernetesObject;
  const env = environmentOf(workers.spec.template.spec.containers[0], [...objects, rotated]);
  assert.equal(loadSettings({ env, cwd }).settings.database.password?.reveal(), "rotated");
});

/** As the kubelet makes it: sources in their order, and `env` over all of them. Secrets that are not there are left out. */
function environmentOf(container: Json, objects: readonly KubernetesObject[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { secretRef } of (container.envFrom ?? []) as Json[]) {
    const secret = objects.find(({ kind, metadata }) => kind === "Secret" && metadata.name === secretRef?.name);
    for (const [key, value] of Object.entries((secret?.data ?? {}) as Record<string, string>)) {
      env[key] = Buffer.from(value, "base64").toString();
    }
  }
  for (const { name, value } of (container.env ?? []) as Json[]) if (value !== undefined) env[name] = value;
  return env;
}
