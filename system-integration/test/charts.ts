import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type KubeVersion, kubeVersions } from "../../testing/kubernetes-objects/models.ts";

export const productionChart = path("../cologne-staging-k8s");
export const localChart = path("../cologne-staging-k8s-local");

/** One set of values that a chart has to render, and where. */
export interface Case {
  readonly name: string;
  readonly chart: string;
  readonly valueFiles: readonly string[];
  readonly release: string;
  readonly namespace: string;
}

const local = { prefix: "local-", chart: localChart, release: "scheduler-dummy", namespace: "monitor" } as const;

/** The files in values/ and values-local/, and the examples that come with the chart: each is an overlay that somebody may take. */
export const cases: readonly Case[] = [
  ...inFolder("values", { chart: productionChart, release: "ccat-raw", namespace: "ccat" }),
  ...inFolder("../cologne-staging-k8s/examples", {
    prefix: "example-",
    ...{ chart: productionChart, release: "cologne-staging", namespace: "ccat" },
  }),
  ...inFolder("values-local", local),
  ...inFolder("../cologne-staging-k8s-local", local).filter(({ valueFiles: [file] }) => /\/values-[^/]+$/.test(file!)),
];

/** What a release is told of its Kubernetes: the last patch of the oldest, and the first of the newest. */
export const patches: Record<KubeVersion, string> = { "1.20": "1.20.15", "1.36": "1.36.0" };
export { type KubeVersion, kubeVersions };

export function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

function inFolder(
  folder: string,
  { prefix = "", ...where }: Pick<Case, "chart" | "release" | "namespace"> & { prefix?: string },
): Case[] {
  return readdirSync(path(folder))
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => ({
      ...where,
      name: prefix + name.replace(/^values-|\.yaml$/g, ""),
      valueFiles: [path(`${folder}/${name}`)],
    }));
}
