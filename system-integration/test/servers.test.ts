/** The servers of the local chart: what the pods are told of them fits what the servers are. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { readSeed } from "../../packages/data-transfer/src/cli/seed/read-seed.ts";
import { loadSettings } from "../../packages/data-transfer/src/settings/load.ts";
import { freePort } from "../../testing/free-port.ts";
import { startHelm } from "../../testing/helm/helm.ts";
import { type Json, type KubernetesObject, podTemplates } from "../../testing/kubernetes-objects/kubernetes-object.ts";
import { without } from "../../testing/require-server.ts";
import { startServer } from "../../testing/server-process.ts";
import { temporaryDirectory } from "../../testing/temporary-directory.ts";
import { localChart, path } from "./charts.ts";

const helm = await startHelm({ after }, "3.17");
const runbook = { release: "scheduler-dummy", namespace: "monitor" };
const objects = await helm.render(localChart, { ...runbook, valueFiles: [join(localChart, "values-servers.yaml")] });
const named = (kind: string, name: string) =>
  objects.find((one) => one.kind === kind && one.metadata.name === name) as KubernetesObject;
const secret = (name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(named("Secret", name).data as Record<string, string>).map(([key, text]) => [
      key,
      Buffer.from(text, "base64").toString(),
    ]),
  );
const container = (server: string): Json =>
  named("Deployment", `scheduler-dummy-${server}`).spec.template.spec.containers[0];
const pods = podTemplates(objects).filter(({ owner }) => !/-(redis|postgres|s3)$/.test(owner.metadata.name));

test("worker, manager and doctor are led to the servers by names, ports, certificates and credentials", async (t) => {
  assert.deepEqual(pods.map(({ owner }) => owner.metadata.name).sort(), [
    "scheduler-dummy-data-managers",
    "scheduler-dummy-doctor",
    "scheduler-dummy-manager",
  ]);
  const cwd = await temporaryDirectory(t);
  const services = objects.filter(({ kind }) => kind === "Service");
  const port = (name: string) => services.find(({ metadata }) => metadata.name === name)?.spec.ports[0].port;
  for (const { owner, spec } of pods) {
    const { redis, database, storage, s3 } = loadSettings({ env: environmentOf(spec.containers[0]), cwd }).settings;

    assert.equal(redis.port, port(redis.host as string), owner.metadata.name);
    assert.deepEqual([redis.tls, redis.checkHostname, redis.serverName], [true, true, redis.host]);
    assert.equal(database.port, port(database.host as string));
    assert.deepEqual([database.sslmode, database.serverName], ["verify-full", undefined]);
    const [endpoint] = storage.allowedEndpoints as [string];
    assert.equal(Number(new URL(endpoint).port || 443), port(new URL(endpoint).hostname));
    const from = (server: string, name: string) => {
      const { secretKeyRef } = container(server).env.find((one: Json) => one.name === name).valueFrom;
      return secret(secretKeyRef.name)[secretKeyRef.key];
    };
    assert.deepEqual(
      [database.user, database.password?.reveal()],
      [from("postgres", "POSTGRES_USER"), from("postgres", "POSTGRES_PASSWORD")],
    );
    assert.equal(database.name, container("postgres").env.find((one: Json) => one.name === "POSTGRES_DB").value);
    const { accessKey, secretKey } = s3.cologne_laptop!;
    assert.deepEqual(
      [accessKey?.reveal(), secretKey?.reveal()],
      [from("s3", "ROOT_ACCESS_KEY"), from("s3", "ROOT_SECRET_KEY")],
    );
    assert.ok(database.password!.reveal().length >= 32);
    assert.ok(secretKey!.reveal().length >= 32);
    // What is a secret is blotted out wherever it is printed: no word may be one that stands there for something else.
    assert.ok(accessKey!.reveal().length >= 20);

    // Each file that a setting names is in the Secret that is mounted there.
    const { secretName } = spec.volumes.find(({ name }: Json) => name === "redis-certs").secret;
    const files = [redis.caFile, redis.certFile, redis.keyFile, storage.caFile, database.sslrootcert] as string[];
    for (const file of files) assert.ok(secret(secretName)[file.replace("/etc/redis/certs/", "")], file);
  }
});

test("whatever else is said of servers, they are led there; what has nothing to do with them stays", async (t) => {
  const valueFiles = [path("values-local/servers-and-more.yaml")];
  const [worker] = podTemplates(await helm.render(localChart, { ...runbook, valueFiles })).filter(({ owner }) =>
    owner.metadata.name.endsWith("-data-managers"),
  );
  const { spec } = worker!;
  const { redis, database, storage } = loadSettings({
    env: environmentOf(spec.containers[0]),
    cwd: await temporaryDirectory(t),
  }).settings;
  assert.deepEqual([redis.host, redis.tls], ["scheduler-dummy-redis", true]);
  assert.deepEqual(
    [database.host, database.sslmode, database.sslrootcert, database.name],
    ["scheduler-dummy-postgres", "verify-full", "/etc/redis/certs/ca.crt", "ccat_data"],
  );
  assert.deepEqual(storage.allowedEndpoints, ["https://s3.example.org", "https://scheduler-dummy-s3"]);
  assert.equal(storage.retries, 2);
  assert.deepEqual(
    (spec.initContainers as Json[]).map(({ name }) => name),
    ["prepare-database", "mine"],
  );
});

test("one authority has signed both ends, for the servers' names; its key is nowhere", () => {
  const server = secret("scheduler-dummy-servers-tls");
  const client = secret("scheduler-dummy-servers-client");
  assert.equal(server["ca.crt"], client["ca.crt"]);
  const authority = new X509Certificate(server["ca.crt"]!);
  const pairs = [
    [server["server.crt"], server["server.key"]],
    [client["redis.crt"], client["redis.key"]],
  ] as [string, string][];
  for (const [crt, key] of pairs) {
    const certificate = new X509Certificate(crt);
    assert.ok(certificate.verify(authority.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
    assert.ok(Date.parse(certificate.validTo) > Date.now() + 9 * 365 * 86_400_000);
    assert.equal(authority.checkPrivateKey(createPrivateKey(key)), false);
  }
  assert.match(container("postgres").args.join(" "), /ssl_cert_file=\/certificate\/server\.crt .*\/server\.key$/);
  const certificate = new X509Certificate(server["server.crt"]!);
  for (const name of ["redis", "s3", "postgres"]) {
    assert.ok(certificate.checkHost(`scheduler-dummy-${name}`), name);
    assert.ok(certificate.checkHost(`scheduler-dummy-${name}.monitor.svc`), name);
  }
  assert.equal(certificate.checkHost("scheduler-dummy-other"), undefined);
});

test("pods prepare the database: the list that they write into it is one that the program takes", async (t) => {
  const prepared = pods.filter(({ spec }) => spec.initContainers?.[0].name === "prepare-database");
  assert.deepEqual(prepared.map(({ owner }) => owner.metadata.name).sort(), [
    "scheduler-dummy-data-managers",
    "scheduler-dummy-manager",
  ]);
  for (const { spec } of prepared) {
    const [prepare] = spec.initContainers;
    const list = /<<END\n([\s\S]*?)\nEND$/m.exec(prepare.command.at(-1))?.[1];
    const file = join(await temporaryDirectory(t), "archive.toml");
    await writeFile(file, list!);
    const { locations } = readSeed(file, "/data");
    const [{ site, location }] = locations as [(typeof locations)[0]];
    assert.ok(location.storageType === "s3");
    const { settings } = loadSettings({ env: environmentOf(prepare), cwd: await temporaryDirectory(t) });
    assert.deepEqual(settings.storage.allowedEndpoints, [location.endpoint]);
    assert.ok(settings.s3[`${site}_${location.name}`]?.secretKey);
    assert.match(container("s3").command.at(-1), new RegExp(`^mkdir -p /data/${location.bucket};`));
  }
});

test("Redis takes these arguments and certificates, asks for a client's, and never evicts", {
  skip: without("redis-server"),
}, async (t) => {
  const folder = await temporaryDirectory(t);
  const port = await freePort();
  for (const [name, of] of [
    ["certificate", "scheduler-dummy-servers-tls"],
    ["client", "scheduler-dummy-servers-client"],
  ] as const) {
    await mkdir(join(folder, name));
    for (const [file, text] of Object.entries(secret(of))) await writeFile(join(folder, name, file), text);
  }
  const [program, ...words] = container("redis").command as string[];
  const args = words.map((word, index) => {
    if (words[index - 1] === "--tls-port") return String(port);
    if (word === "/tmp") return folder;
    return word.replace("/certificate", join(folder, "certificate"));
  });
  const server = await startServer({
    ...{ program: program!, args: [...args, "--bind", "127.0.0.1"] },
    ready: /Ready to accept connections/,
  });
  t.after(() => server.stop());
  const cli = (...more: string[]) =>
    promisify(execFile)("redis-cli", ["-h", "127.0.0.1", "-p", String(port), "--tls", ...more]);
  const authority = ["--cacert", join(folder, "client/ca.crt")];
  const own = ["--cert", join(folder, "client/redis.crt"), "--key", join(folder, "client/redis.key")];
  const { stdout } = await cli(...authority, ...own, "config", "get", "maxmemory-policy");
  assert.match(stdout, /noeviction/);
  const stranger = await cli(...authority, "ping").catch((error: Error & { stdout: string }) => error);
  assert.doesNotMatch(stranger.stdout, /PONG/);
  const probe = container("redis").readinessProbe.exec.command as string[];
  const [, ...asked] = probe.map((word) => word.replace("/certificate", join(folder, "certificate")));
  const answer = await promisify(execFile)("redis-cli", ["-p", String(port), ...asked]);
  assert.match(answer.stdout, /PONG/);
});

for (const [what, values, said] of [
  ["KEDA", { autoscaling: { enabled: true } }, /autoscaling\.enabled: KEDA would ask the database of postgres\.host/],
  ["a network policy", { networkPolicy: { enabled: true } }, /networkPolicy\.enabled: it lets nobody out to them/],
  [
    "passwords in the values",
    { redis: { password: "a" }, postgres: { user: "b" } },
    /postgres\.user: they have credentials of their own\n.*redis\.password: they have/,
  ],
] as const) {
  test(`the servers are refused beside ${what}`, async () => {
    assert.match(await helm.refusal(localChart, { values: { servers: { enabled: true }, ...values } }), said);
  });
}

test("pods run on when an upgrade changes nothing, or the servers' size", async () => {
  const templates = async (values: object) =>
    podTemplates(await helm.render(localChart, { ...runbook, values })).map(({ owner, spec, metadata }) => ({
      name: owner.metadata.name,
      ...{ spec, metadata },
    }));
  const usual = await templates({ servers: { enabled: true } });
  assert.deepEqual(await templates({ servers: { enabled: true } }), usual);
  assert.deepEqual(await templates({ servers: { enabled: true, postgres: { size: "2Gi" } } }), usual);
});

/** As Kubernetes makes it: `env` beats `envFrom`, whose last source wins. */
function environmentOf({ env, envFrom }: Json): Record<string, string> {
  const secrets = ((envFrom ?? []) as Json[]).flatMap(({ secretRef }) =>
    named("Secret", secretRef.name) === undefined ? [] : [secret(secretRef.name)],
  );
  const plain = Object.fromEntries((env as Json[]).map(({ name, value }) => [name, value]));
  return Object.assign({}, ...secrets, plain);
}
