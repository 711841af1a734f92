import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubernetesObject } from "../kubernetes-objects/kubernetes-object.ts";
import type { Scope } from "../scope.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { type HelmVersion, helmBinaries } from "./binaries.ts";
import { readManifest } from "./manifest.ts";

export interface Render {
  /** Files with values, the later over the earlier, as `-f` takes them. */
  valueFiles?: readonly string[];
  /** Values over those of the files. */
  values?: object;
  /** `--set`, as a person types it. */
  set?: readonly string[];
  /** `1.20`, `1.36`; without one, helm's own idea. */
  kubeVersion?: string;
  /** API versions that the cluster is said to have besides Kubernetes' own: `monitoring.coreos.com/v1`. */
  apiVersions?: readonly string[];
  release?: string;
  namespace?: string;
  /** As for `helm upgrade`: `.Release.IsUpgrade` is true. */
  isUpgrade?: boolean;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Helm {
  readonly version: HelmVersion;
  readonly path: string;
  /** Runs it, whatever the end. Without a cluster: there is no kubeconfig. */
  run(...args: string[]): Promise<Outcome>;
  /** What `helm template` prints. @throws {Error} with helm's message when it refuses */
  text(chart: string, render?: Render): Promise<string>;
  /** The objects in it. */
  render(chart: string, render?: Render): Promise<KubernetesObject[]>;
  /** Helm's message. @throws {Error} when it does not refuse */
  refusal(chart: string, render: Render): Promise<string>;
}

/** Helm with a home of its own, without a cluster, plug-ins or repositories. */
export async function startHelm(scope: Scope, version: HelmVersion): Promise<Helm> {
  const { helm } = await helmBinaries(version);
  const home = await temporaryDirectory(scope);
  const env = { PATH: "/usr/bin:/bin", HOME: home, KUBECONFIG: join(home, "no-kubeconfig"), LC_ALL: "C", TZ: "UTC" };
  let files = 0;

  async function template(chart: string, render: Render): Promise<Outcome> {
    const args = ["template", render.release ?? "ccat-raw", chart, "--namespace", render.namespace ?? "ccat"];
    for (const file of render.valueFiles ?? []) args.push("--values", file);
    if (render.values !== undefined) {
      const file = join(home, `values-${++files}.json`);
      await writeFile(file, JSON.stringify(render.values));
      args.push("--values", file);
    }
    for (const assignment of render.set ?? []) args.push("--set", assignment);
    if (render.kubeVersion !== undefined) args.push("--kube-version", render.kubeVersion);
    for (const name of render.apiVersions ?? []) args.push("--api-versions", name);
    if (render.isUpgrade) args.push("--is-upgrade");
    return run(...args);
  }

  function run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      execFile(helm, args, { env, maxBuffer: 64 << 20, timeout: 120_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === "number") resolve({ code, stdout, stderr });
        else reject(error);
      });
    });
  }

  async function text(chart: string, render: Render = {}): Promise<string> {
    const { code, stdout, stderr } = await template(chart, render);
    if (code !== 0) throw new Error(`helm ${version} does not render ${chart}: ${stderr}`);
    return stdout;
  }

  return {
    version,
    path: helm,
    run,
    text,
    render: async (chart, render) => readManifest(await text(chart, render)),
    async refusal(chart, render) {
      const { code, stdout, stderr } = await template(chart, render);
      if (code === 0) throw new Error(`helm ${version} renders what it should refuse:\n${stdout}`);
      return stderr;
    },
  };
}
