/** What a chart has to refuse before anything reaches a cluster, with a message that names it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { load } from "js-yaml";
import { helmVersions } from "../../testing/helm/binaries.ts";
import { startHelm } from "../../testing/helm/helm.ts";
import { localChart, productionChart } from "./charts.ts";

const helms = await Promise.all(helmVersions.map((version) => startHelm({ after }, version)));

/** Typing errors and values of the wrong kind, as `--set` has them, and what the message has to name. */
const typos: [string, ...string[]][] = [
  ["cologneStagin.image.tag=1", "cologneStagin"],
  ["cologneStaging.imge.tag=1", "cologneStaging", "imge"],
  ["cologneStaging.image.Tag=1", "image", "Tag"],
  ["cologneStaging.image.pullPolicy=always", "pullPolicy"],
  ["cologneStaging.image.tag=a b", "tag"],
  ["cologneStaging.command=ccat_data_transfer worker; rm -r /data", "command"],
  ["app.enviroment=production", "app", "enviroment"],
  ["redis.prot=6379", "redis", "prot"],
  ["redis.port=six", "redis", "port"],
  ["redis.port=70000", "redis", "port"],
  ["redis.tls.enabled=maybe", "redis", "tls", "enabled"],
  ["redis.tls.servername=x", "tls", "servername"],
  ["postgres.tls.mode=verify", "postgres", "tls", "mode"],
  ["postgres.poolSize=1", "postgres", "poolSize"],
  ["s3.existingSecrets=a", "s3", "existingSecrets"],
  ["s3.archives.cologne_lta.acesskey=a", "archives", "cologne_lta", "acesskey"],
  ["coscine.existingsecret=a", "coscine", "existingsecret"],
  ["certificates.hostpath=/x", "certificates", "hostpath"],
  ["certificates.hostPath=relative", "certificates", "hostPath"],
  ["envFrom[0].secretReff.name=a", "envFrom", "secretReff"],
  ["extraEnv[0].nam=a", "extraEnv", "nam"],
  ["hostAliases[0].address=10.0.0.1", "hostAliases", "address"],
  ["replicas.dataManager=2", "replicas", "dataManager"],
  ["replicas.dataManagers=-1", "replicas", "dataManagers"],
  ["replicas.dataManagers=1.5", "replicas", "dataManagers"],
  ["resources.cologne_staging.limits.cpu=1", "resources", "cologne_staging"],
  ["resources.cologne-staging.limit.cpu=1", "resources", "cologne-staging", "limit"],
  ["resources.cologne-staging.limits.memory=1GB", "resources", "cologne-staging", "limits", "memory"],
  ["persistence.enable=true", "persistence", "enable"],
  ["persistence.accessMode=ReadWriteAlways", "persistence", "accessMode"],
  ["persistence.size=10GB", "persistence", "size"],
  ["healthChecks.enabled=yes", "healthChecks", "enabled"],
  ["healthChecks.liveness.periodSecond=5", "healthChecks", "liveness", "periodSecond"],
  ["shutdown.drainSecond=5", "shutdown", "drainSecond"],
  ["strategy.type=Rolling", "strategy", "type"],
  ["podSecurityContext.fsgroup=1", "podSecurityContext", "fsgroup"],
  ["containerSecurityContext.privileged=perhaps", "containerSecurityContext", "privileged"],
  ["podDisruptionBudget.minAvailble=1", "podDisruptionBudget", "minAvailble"],
  ["networkPolicy.databaseCidr=x", "networkPolicy", "databaseCidr"],
  ["monitoring.servicemonitor.enabled=true", "monitoring", "servicemonitor"],
  ["autoscaling.minReplicas=0", "autoscaling", "minReplicas"],
  ["manager.replica=1", "manager", "replica"],
  ["doctor.enable=false", "doctor", "enable"],
  ["diagnosticMode.enabld=true", "diagnosticMode", "enabld"],
  ["tolerations[0].efect=NoSchedule", "tolerations", "efect"],
  ["settings.worker.concurency=4", "settings", "worker", "concurency"],
  ["settings.workers.concurrency=4", "settings", "workers"],
  ["settings.worker.concurrency=many", "settings", "worker", "concurrency"],
  ["settings.redis.host=here", "settings", "redis", "host"],
  ["settings.redis.password=secret", "settings", "redis", "password"],
];

/** Combinations of values that are each right, and what is said of them. */
const combinations: [string, object, RegExp][] = [
  [
    "a claim for one pod, and two pods",
    { persistence: { accessMode: "ReadWriteOncePod" }, replicas: { dataManagers: 2 } },
    /persistence\.accessMode ReadWriteOncePod .* there would be 2 \(replicas\.dataManagers/,
  ],
  [
    "a claim for one pod, and a scaler that may make more",
    { persistence: { accessMode: "ReadWriteOncePod" }, autoscaling: { enabled: true, maxReplicas: 3 } },
    /persistence\.accessMode ReadWriteOncePod .* there would be 3 .*autoscaling\.maxReplicas/,
  ],
  ["no volume at /data", { persistence: { enabled: false } }, /nothing is mounted at \/data: set persistence\.enabled/],
  [
    "a volume somewhere else",
    {
      persistence: { enabled: false },
      extraVolumes: [{ name: "raw", emptyDir: {} }],
      extraVolumeMounts: [{ name: "raw", mountPath: "/data/raw" }],
    },
    /nothing is mounted at \/data/,
  ],
  [
    "less grace than draining takes",
    { shutdown: { drainSeconds: 300, graceSeconds: 60 } },
    /shutdown\.graceSeconds is 60: it has to be shutdown\.drainSeconds \(300\)/,
  ],
  [
    "grace without room to give back",
    { shutdown: { drainSeconds: 300, graceSeconds: 300 } },
    /shutdown\.graceSeconds is 300/,
  ],
  ["no grace at all", { shutdown: { graceSeconds: 0 } }, /graceSeconds/],
  [
    "a claim that exists and is not to be used",
    { persistence: { enabled: false, existingClaim: "raw" } },
    /persistence\.existingClaim is set, but persistence\.enabled is false/,
  ],
  [
    "a claim that exists and a volume to bind",
    { persistence: { existingClaim: "raw", volumeName: "pv" } },
    /persistence\.existingClaim and persistence\.volumeName exclude each other/,
  ],
  [
    "certificates from nowhere",
    { certificates: { hostPath: "" } },
    /certificates\.hostPath and certificates\.existingSecret are empty, so nothing brings the file ca\.crt/,
  ],
  [
    "a check of PostgreSQL's certificate without an authority",
    { postgres: { tls: { mode: "verify-full" } } },
    /postgres\.tls\.mode verify-full needs postgres\.tls\.rootCertFile/,
  ],
  [
    "a certificate without its key",
    { redis: { tls: { keyFile: "" } } },
    /redis\.tls\.certFile and redis\.tls\.keyFile/,
  ],
  [
    "a rolling update that can never go on",
    { strategy: { type: "RollingUpdate", maxSurge: 0, maxUnavailable: 0 } },
    /strategy\.maxSurge and strategy\.maxUnavailable are both 0/,
  ],
  [
    "a scaler with less room than none",
    { persistence: { accessMode: "ReadWriteMany" }, autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 2 } },
    /autoscaling\.maxReplicas is smaller than autoscaling\.minReplicas/,
  ],
  [
    "a variable that the chart sets itself",
    { extraEnv: [{ name: "CCAT_DATA_TRANSFER_REDIS__HOST", value: "here" }] },
    /extraEnv sets CCAT_DATA_TRANSFER_REDIS__HOST, which the chart sets itself/,
  ],
  [
    "a key of an older chart",
    { image: { tag: "1" } },
    /image is a key of an older chart; it is now cologneStaging\.image/,
  ],
  [
    "another key of an older chart",
    { persistence: { storageClassName: "fast" } },
    /persistence\.storageClassName is a key of an older chart; it is now persistence\.storageClass/,
  ],
];

for (const helm of helms) {
  for (const [assignment, ...named] of typos) {
    test(`helm ${helm.version} refuses ${assignment}, and names ${named.join(" and ")}`, async () => {
      const message = await helm.refusal(productionChart, { set: [assignment] });
      assert.match(message, /values don't meet the specifications of the schema/);
      for (const word of named) assert.ok(message.includes(word), `"${word}" is not in: ${message}`);
    });
  }

  for (const [what, values, said] of combinations) {
    test(`helm ${helm.version} refuses ${what}`, async () => {
      assert.match(await helm.refusal(productionChart, { values }), said);
    });
  }

  for (const chart of [productionChart, localChart]) {
    const name = chart.split("/").at(-1);
    test(`helm ${helm.version} refuses an unknown key in every table of ${name}'s values, and names them all`, async () => {
      const values = load(readFileSync(`${chart}/values.yaml`, "utf8")) as object;
      const unknown: string[] = [];
      const spoiled = withUnknownKeys(values, [], unknown);
      assert.ok(unknown.length > 30, `${unknown.length}`);
      const message = await helm.refusal(chart, { values: spoiled });
      assert.deepEqual(
        unknown.filter((key) => !message.includes(key)),
        [],
      );
    });
  }
}

/** Tables that are the user's own: labels, selectors, settings of the program by name, quantities by resource. */
const open =
  /^(.*[lL]abels|.*[aA]nnotations|nodeSelector|selectorLabels|s3\.archives|resources\.[^.]+\.(requests|limits)|servers\.[^.]+\.resources\.(requests|limits))$/;

function withUnknownKeys(table: object, at: readonly string[], unknown: string[]): object {
  const entries = Object.entries(table).map(([key, value]) => {
    const isTable = value !== null && typeof value === "object" && !Array.isArray(value);
    return [key, isTable ? withUnknownKeys(value, [...at, key], unknown) : value];
  });
  if (open.test(at.join("."))) return Object.fromEntries(entries);
  const key = ["typoIn", ...at].join("_");
  unknown.push(key);
  return Object.fromEntries([...entries, [key, 1]]);
}
