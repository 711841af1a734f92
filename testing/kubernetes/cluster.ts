import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, symlink } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../free-port.ts";
import { helmBinaries } from "../helm/binaries.ts";
import type { Scope } from "../scope.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

const run = promisify(execFile);

export interface TestCluster {
  /** Of its administrator. */
  readonly kubeconfig: string;
  /** Pods are said to run, and nothing is executed. */
  readonly standIn: boolean;
}

/**
 * For a test's `skip` option.
 *
 * @param real  the node has to run what it is given
 * @throws {Error} with `CI=true`, where nothing may be skipped
 */
export function withoutCluster({ real = false }: { real?: boolean } = {}): false | string {
  const name = real ? "E2E_REAL_KUBECONFIG" : "E2E_KUBECONFIG";
  if (process.env[name] || process.env.E2E_LAB) return false;
  const reason = `needs E2E_LAB, a folder with kubernetes/cluster.sh, or ${name} (CONTRIBUTING.md)`;
  if (process.env.CI === "true") throw new Error(`with CI=true no test is skipped: ${reason}`);
  return reason;
}

/**
 * The cluster that E2E_KUBECONFIG names, or else one of our own with a stand-in node, from `$E2E_LAB/kubernetes/cluster.sh`,
 * gone when `scope` ends. KUBECONFIG, and what kubectl would take by itself, are never looked at.
 *
 * @param options.images  makes docker-archives: then the node is a real one, which has these images, and E2E_REAL_KUBECONFIG
 *   names a cluster in its place, which has them already
 * @throws {Error} when the cluster does not say, by the ConfigMap kube-system/e2e-disposable, that tests may do with it as they like
 */
export async function startCluster(
  scope: Scope,
  { images }: { images?: () => Promise<string[]> } = {},
): Promise<TestCluster> {
  const given = images ? process.env.E2E_REAL_KUBECONFIG : process.env.E2E_KUBECONFIG;
  const kubeconfig = given || (await startLab(scope, await images?.()));
  const { kubectl } = await helmBinaries("3.17");
  // kubectl keeps what it learns of a server below HOME.
  const env = { PATH: process.env.PATH, HOME: await temporaryDirectory(scope), KUBECONFIG: kubeconfig };
  const ask = async (...args: string[]) => {
    const { stdout } = await run(kubectl, args, { env, cwd: "/", timeout: 60_000 });
    return stdout;
  };
  await refuseUnlessDisposable(ask);
  const runtimes = await ask("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}");
  return { kubeconfig, standIn: runtimes.split(" ").every((runtime) => runtime.startsWith("fake://")) };
}

/** @param ask  runs kubectl with these arguments */
export async function refuseUnlessDisposable(ask: (...args: string[]) => Promise<string>): Promise<void> {
  try {
    await ask("get", "configmap", "e2e-disposable", "-n", "kube-system");
  } catch (error) {
    throw new Error(
      "this cluster is not for tests: there is no ConfigMap e2e-disposable in kube-system (kubectl create configmap e2e-disposable -n kube-system)",
      { cause: error },
    );
  }
}

async function startLab(scope: Scope, images?: string[]): Promise<string> {
  const lab = process.env.E2E_LAB;
  if (!lab) throw new Error("needs E2E_LAB, a folder with kubernetes/cluster.sh (CONTRIBUTING.md)");
  const cache = join(process.env.E2E_CACHE || join(homedir(), ".cache/ccat_data_transfer"), "kubernetes");
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(tmpdir(), "test-kubernetes-"));
  // The programs, which the lab unpacks there at the first time, are kept; everything else goes with the cluster.
  await symlink(cache, join(directory, "bin"));
  const script = join(lab, "kubernetes/cluster.sh");
  const env = {
    ...{ PATH: process.env.PATH, HOME: homedir(), LAB: directory, SCRIPT: script, PARENT: String(process.pid) },
    ...{ PORT: String(await freePort()), EP: String(await freePort()), IMAGES: images?.join(" ") },
    // A real node's network is the machine's, which has room for one: who comes second waits.
    TURN: images ? join(tmpdir(), "test-real-node.lock") : join(directory, "turn"),
  };
  scope.after(await startUndertaker(env));
  // Packages may have to be installed, and a real node takes longer. Should this process die meanwhile, `down` waits for the lock.
  const up = ["--close", join(directory, "lock"), "timeout", "--kill-after=5", "400", "bash", script, "up"];
  const { stdout } = await run("flock", [...up, ...(images ? ["--real"] : [])], { cwd: "/", env, timeout: 420_000 });
  const kubeconfig = /^KUBECONFIG=(.*)$/m.exec(stdout)?.[1];
  if (kubeconfig === undefined) throw new Error(`${script} did not say where its kubeconfig is: ${stdout}`);
  return kubeconfig;
}

/** The servers leave the process that starts them: a shell of ours waits for its end, in whatever way, and takes them down. */
async function startUndertaker(env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const work = `
    exec 9>"$TURN"
    flock --timeout 500 9 || exit 1
    trap : TERM
    tail -f /dev/null --pid="$PARENT" -s 0.2 & waits=$!
    echo ready
    wait $waits
    kill $waits 2>/dev/null
    flock --close --timeout 420 "$LAB/lock" timeout --kill-after=5 120 bash "$SCRIPT" down
    rm -rf --one-file-system "$LAB"`;
  const options = {
    cwd: "/",
    detached: true,
    env,
    stdio: ["ignore", "pipe", "ignore"] as ["ignore", "pipe", "ignore"],
  };
  const undertaker = spawn("sh", ["-c", work], options);
  const ended = once(undertaker, "exit");
  const refused = ended.then(() =>
    Promise.reject(new Error(`another real node has been running here for 500 s (${env.TURN})`)),
  );
  await Promise.race([once(undertaker.stdout, "data"), refused]);
  refused.catch(() => {});
  undertaker.stdout.resume();
  return async () => {
    undertaker.kill("SIGTERM");
    await ended;
  };
}
