import { chown, readdir, readFile, writeFile } from "node:fs/promises";
import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { type GatedArchive, startGatedArchive } from "../../../packages/data-transfer/test/processes/gated-s3.ts";
import {
  type Production,
  redisName,
  startProduction,
  startServers,
} from "../../../packages/data-transfer/test/processes/production.ts";
import { startCluster } from "../../../testing/kubernetes/cluster.ts";
import { namespaceAdmin } from "../../../testing/kubernetes/namespace-admin.ts";
import { type Shell, startShell } from "../../../testing/kubernetes/shell.ts";
import type { Json } from "../../../testing/kubernetes-objects/kubernetes-object.ts";
import type { Scope } from "../../../testing/scope.ts";
import { temporaryDirectory } from "../../../testing/temporary-directory.ts";
import { buildImage, imageName, somebody } from "../../image/test/e2e/build-image.ts";
import { certificatesFolder, seedAtData } from "../../image/test/e2e/worker.ts";
import { productionChart } from "../charts.ts";

/** The release `ccat-raw` in the namespace `ccat` of a cluster whose node runs pods, and servers on the machine's own end of their network. */
export interface RealNode {
  /** An operator's, in the chart's folder. */
  readonly shell: Shell;
  readonly production: Production;
  readonly gate: GatedArchive;
  /** `helm upgrade --install` with the test's overlay, these of the chart's examples over it, and more options. */
  install(examples: readonly string[], options?: string): Promise<string>;
  /** The worker's pod that is not on its way out, once its container runs. */
  pod(): Promise<Json>;
  /** What a command prints in the worker's container. */
  exec(command: string): Promise<string>;
  /** How often the kubelet has asked a pod's probe, by probe and answer: `Readiness successful`. */
  probes(pod: Json): Promise<Record<string, number>>;
  /** All that the cluster has to say, for whoever looks for a fault. */
  describe(): Promise<string>;
  /** The number of this machine's process that is process 1 of a pod's only container. */
  processOf(pod: Json): Promise<number>;
}

/** Password of the database that the chart's own values say, and that is none. */
export const wrongPassword = "not the password of the database";

/** The doctor warns of certificates that end within 30 days. */
const lasting = { serverDays: 90, clientDays: 90 };

export async function startRealNode(scope: Scope): Promise<RealNode> {
  const { kubeconfig, standIn } = await startCluster(scope, { images: () => anArchive(scope) });
  if (standIn) throw new Error("the node of this cluster stands in for one; this test wants one that runs pods");
  let root: Shell | undefined;
  // Hooks run in the order in which they were made: before servers, folders and this shell's home go. With a cluster of our own all is gone.
  const given = process.env.E2E_REAL_KUBECONFIG === kubeconfig;
  scope.after(async () => {
    if (given) await root?.run("kubectl delete namespace ccat; kubectl delete pv ccat-raw-data");
  });
  root = await startShell(scope, { version: "3.17", kubeconfig, cwd: productionChart });
  await root.until("kubectl get nodes", (output) => / Ready /.test(output));
  const shell = await startShell(scope, {
    ...{ version: "3.17", cwd: productionChart },
    kubeconfig: await namespaceAdmin(scope, root, "ccat"),
  });
  await shell.until("kubectl auth can-i create deployments -n ccat", (output) => /^yes$/m.test(output));
  await shell.until("kubectl get serviceaccount default -n ccat -o name", (output) => output.includes("default"));

  const here = await addressForPods(shell);
  const servers = await startServers(scope, {
    redis: { alsoOn: here.address, tls: { serverNames: [redisName], ...lasting } },
    postgres: { version: 15, alsoOn: here, tls: { serverNames: ["127.0.0.1", "postgres"], ...lasting } },
  });
  const production = await startProduction(scope, servers);
  const gate = await startGatedArchive(scope, production, { address: here.address });
  await seedAtData(production, gate);
  await chown(production.root, somebody.uid, somebody.gid);
  await root.apply(volume(production.root));
  await shell.apply(...secrets(production));
  const folder = await temporaryDirectory(scope);
  const overlay = join(folder, "overlay.yaml");
  const content = valuesFor(production, here.address, await certificatesFolder(production));
  await writeFile(overlay, JSON.stringify(content, undefined, 1));

  const workers = "kubectl get pods -n ccat -l app.kubernetes.io/component=data-managers -o json";
  const running = (output: string) =>
    (JSON.parse(output).items as Json[]).find(
      ({ metadata, status }) => !metadata.deletionTimestamp && status.containerStatuses?.[0]?.state.running,
    );
  return {
    ...{ shell, production, gate },
    install: (examples, options = "") => {
      const files = ["values.yaml", overlay, ...examples.map((name) => `examples/values-${name}.yaml`)];
      return shell.must(
        `helm upgrade --install ccat-raw . ${files.map((file) => `-f ${file}`).join(" ")} ${options} -n ccat`,
      );
    },
    pod: async () => running(await shell.until(workers, (output) => running(output) !== undefined)),
    exec: (command) => shell.must(`kubectl exec deploy/ccat-raw-data-managers -n ccat -- ${command}`),
    async probes({ metadata }) {
      const node = await root.must("kubectl get nodes -o jsonpath='{.items[0].metadata.name}'");
      const text = await root.must(`kubectl get --raw /api/v1/nodes/${node}/proxy/metrics/probes`);
      const ours = text.split("\n").filter((line) => line.includes(`pod="${metadata.name}"`));
      const counts = ours.map((line) => {
        const [, type, result, count] = /probe_type="(\w+)",result="(\w+)".*\} (\d+)$/.exec(line) ?? [];
        return [`${type} ${result}`, Number(count)] as const;
      });
      return Object.fromEntries(counts);
    },
    async describe() {
      const commands = [
        "get events",
        "get pods -o wide",
        "describe pods",
        "logs deploy/ccat-raw-data-managers --tail=100",
      ];
      const { output } = await shell.run(commands.map((command) => `kubectl ${command} -n ccat`).join("; "));
      return output;
    },
    processOf: (pod) => hostProcess(pod.status.containerStatuses[0].containerID),
  };
}

async function anArchive(scope: Scope): Promise<string[]> {
  const archive = join(await temporaryDirectory(scope), "image.tar");
  await buildImage(scope, { archive });
  return [archive];
}

/**
 * This machine's address on the network of pods, which is there as long as a pod is.
 *
 * @returns also the range of addresses that pods have
 */
async function addressForPods(shell: Shell): Promise<{ address: string; from: string }> {
  const options = `--image=${imageName} --image-pull-policy=IfNotPresent --restart=Never -n ccat`;
  await shell.must(`kubectl run first ${options} --command -- sleep 300`);
  const described = `kubectl get pod first -n ccat -o jsonpath='{.status.phase} {.status.podIP}'`;
  const [, pod = ""] = (await shell.until(described, (output) => output.startsWith("Running "))).split(" ");
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const here = addresses.find(({ address, cidr }) => isIPv4(address) && cidr !== null && contains(cidr, pod));
  await shell.must("kubectl delete pod first -n ccat --grace-period=1");
  if (!here)
    throw new Error(`no address of this machine is on the network of the pod's ${pod}: the node is another one`);
  return { address: here.address, from: here.cidr! };
}

function contains(cidr: string, address: string): boolean {
  const [network = "", bits] = cidr.split("/");
  const range = new BlockList();
  range.addSubnet(network, Number(bits));
  return range.check(address);
}

/** Where the kernel has the container's process 1: the other numbers of a container's processes are not 1 inside. */
async function hostProcess(containerId: string): Promise<number> {
  const id = containerId.replace("containerd://", "");
  for (const number of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const read = (name: string) => readFile(`/proc/${number}/${name}`, "utf8").catch(() => "");
    if ((await read("cgroup")).includes(id) && /^NSpid:.*\t1$/m.test(await read("status"))) return Number(number);
  }
  throw new Error(`no process of this machine is the first of container ${id}`);
}

function volume(path: string): object {
  return {
    ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "ccat-raw-data" } },
    spec: {
      ...{ storageClassName: "", accessModes: ["ReadWriteOnce"], capacity: { storage: "10Gi" } },
      ...{ persistentVolumeReclaimPolicy: "Retain", hostPath: { path, type: "Directory" } },
    },
  };
}

/** Those that the chart names by default, and the one of examples/values-rotated-credentials.yaml. */
function secrets({ settings }: Production): object[] {
  const content = {
    "redis-credentials-secret": { REDIS__PASSWORD: settings.redis__password },
    "s3-credentials-secret": {
      S3__COLOGNE_LTA__ACCESS_KEY: settings.s3__cologne_lta__access_key,
      S3__COLOGNE_LTA__SECRET_KEY: settings.s3__cologne_lta__secret_key,
    },
    "ccat-raw-rotated": { DATABASE__PASSWORD: settings.database__password },
  };
  return Object.entries(content).map(([name, variables]) => ({
    ...{ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "ccat" } },
    stringData: Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [`CCAT_DATA_TRANSFER_${key}`, value]),
    ),
  }));
}

/** No address of the chart's own is left in these values. */
function valuesFor({ settings }: Production, address: string, certificates: string): object {
  const [repository, tag] = imageName.split(":");
  return {
    cologneStaging: { image: { repository, tag } },
    hostAliases: [{ ip: address, hostnames: ["redis", "postgres"] }],
    redis: {
      ...{ host: "redis", port: Number(settings.redis__port), db: Number(settings.redis__db) },
      tls: { serverName: redisName },
    },
    postgres: {
      ...{ host: "postgres", port: Number(settings.database__port), database: settings.database__name },
      ...{ user: settings.database__user, password: wrongPassword },
      tls: { mode: "verify-full", rootCertFile: "postgres.crt" },
    },
    certificates: { hostPath: certificates },
    persistence: { volumeName: "ccat-raw-data" },
    podSecurityContext: { runAsUser: somebody.uid, runAsGroup: somebody.gid },
    settings: {
      worker: { concurrency: 1 },
      staging: { keep_free: "1 MiB", claim_lease: "5s" },
      broker: { lease: "5s" },
      manager: { sweep_interval: "2s" },
      storage: {
        allowed_endpoints: JSON.parse(settings.storage__allowed_endpoints!),
        ca_file: "/etc/redis/certs/archive.crt",
      },
    },
    shutdown: { drainSeconds: 1 },
    manager: { enabled: true },
    // The node has two processors for everything.
    resources: { "cologne-staging": { requests: { cpu: "100m" } }, manager: { requests: { cpu: "10m" } } },
  };
}
