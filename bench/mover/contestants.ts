import { fileURLToPath } from "node:url";
import type { ChecksumAlgorithm } from "../../packages/data-transfer/src/bundle/hash.ts";
import type { SamplePackage } from "./sample-set.ts";
import { commandLine } from "./timed-run.ts";
import type { Tools } from "./tools.ts";
import type { WebServer } from "./web-server.ts";

/** One way of bringing a package to a directory. */
export interface Contestant {
  name: string;
  /** A command of bash. The destination does not exist; the folder that it is to be in does. */
  command(sample: SamplePackage, destination: string): string;
  env?: Readonly<Record<string, string>>;
  /** Takes part in the first so many rounds only; in all by default. */
  rounds?: number;
}

/** How each program is told where a package is. */
export interface Source {
  curl(key: string): readonly string[];
  rclone(key: string): readonly string[];
  ours(key: string): readonly string[];
  env?: Readonly<Record<string, string>>;
}

export const algorithms = ["xxh64", "sha256"] as const satisfies readonly ChecksumAlgorithm[];

const [curlTarScript, operatorsScript] = ["curl-tar.sh", "operators-script.sh"].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
) as [string, string];

export function curlAndTar(source: Source): Contestant {
  return {
    name: "curl | tar x",
    command: ({ key }, destination) => commandLine([curlTarScript, destination, ...source.curl(key)]),
    env: source.env,
  };
}

export function operatorsScriptFor(source: Source, algorithm: ChecksumAlgorithm, rounds: number): Contestant {
  const sum = { xxh64: "xxhsum", sha256: "sha256sum" }[algorithm];
  return {
    name: `the script, ${algorithm}`,
    command({ key, sums }, destination) {
      const { tar, files } = sums[algorithm];
      return commandLine([operatorsScript, destination, sum, tar, files, ...source.rclone(key)]);
    },
    env: source.env,
    rounds,
  };
}

/**
 * `ccat_data_transfer package fetch` with everything checked. What the variable WORKER_NODE_OPTIONS says is given to its Node,
 * so that it can be profiled.
 */
export function ours(
  { program }: Pick<Tools, "program">,
  source: Source,
  algorithm: ChecksumAlgorithm,
  options: readonly string[] = [],
): Contestant {
  return {
    name: `ours, ${algorithm}`,
    command({ key, manifests }, destination) {
      const [address, ...where] = source.ours(key);
      const fetch = [process.execPath, program, "package", "fetch", address!, destination];
      return commandLine([...fetch, "--manifest", manifests[algorithm], ...where, ...options]);
    },
    env: {
      ...source.env,
      ...(process.env.WORKER_NODE_OPTIONS && { NODE_OPTIONS: process.env.WORKER_NODE_OPTIONS }),
    },
  };
}

export function overHttp(endpoint: string): Source {
  const url = (key: string) => `${endpoint}/${key}`;
  return {
    curl: (key) => [url(key)],
    rclone: (key) => ["--http-url", endpoint, `:http:${key}`],
    ours: (key) => [url(key)],
  };
}

export function overTls({ secure: { endpoint, ca } }: WebServer): Source {
  const plain = overHttp(endpoint);
  return {
    curl: (key) => ["--cacert", ca, ...plain.curl(key)],
    rclone: (key) => ["--ca-cert", ca, ...plain.rclone(key)],
    ours: plain.ours,
    env: { CCAT_DATA_TRANSFER_STORAGE__CA_FILE: ca },
  };
}
