import { type ExecFileOptions, execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../../../testing/server-process.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Somebody whom neither the image nor this machine has heard of. */
export const somebody = { uid: 12345, gid: 23456 };

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Of podman run. */
  options?: readonly string[];
  env?: Readonly<Record<string, string | undefined>>;
  /** Host path by path in the container. */
  mounts?: Readonly<Record<string, string>>;
}

export interface Container {
  readonly process: ServerProcess;
  /** Runs a command in it, as `kubectl exec` does. */
  exec(...command: string[]): Promise<Ran>;
  /** The kernel's signal to its process 1. */
  signal(name: string): Promise<void>;
}

/** The image, in a store of its own. */
export interface BuiltImage {
  /** What `podman image inspect` says. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it looks for.
  inspect(): Promise<any>;
  /** Runs a container to its end, as {@link somebody}, with nothing to write but /tmp and the mounts, on the host's loopback. */
  run(command: readonly string[], options?: RunOptions): Promise<Ran>;
  /** The same, and waits until it prints something. */
  start(scope: Scope, command: readonly string[], ready: RegExp, options?: RunOptions): Promise<Container>;
  /** Where the list of contents lies. */
  readonly sbom: string;
}

/** For a test's `skip` option: false where an image can be built and run, else why not. */
export function withoutContainers(...more: Parameters<typeof without>): false | string {
  const missing = without("buildah", "podman", "runc", ...more);
  if (missing || process.getuid?.() === 0) return missing;
  if (process.env.CI === "true") throw new Error("with CI=true no test is skipped: needs root");
  return "needs root, who can give files to others and mount";
}

/** What it is called. */
export const imageName = "localhost/ccat_data_transfer:test";

/**
 * Builds the image as `make image` does without a registry, with buildah. It is gone when `scope` ends.
 *
 * @param options.archive  a file that it is written to as well, for other stores of images
 */
export async function buildImage(scope: Scope, { archive }: { archive?: string } = {}): Promise<BuiltImage> {
  const folder = await mkdtemp(join(tmpdir(), "test-image-"));
  const storage = join(folder, "storage.conf");
  const paths = [`runroot="${join(folder, "run")}"`, `graphroot="${join(folder, "graph")}"`];
  await writeFile(storage, `[storage]\ndriver="overlay"\n${paths.join("\n")}\n`);
  const env = { ...process.env, CONTAINERS_STORAGE_CONF: storage };
  scope.after(async () => {
    // What the two have mounted in there they take away themselves, all but the store's own.
    await call("podman", ["rm", "--all", "--force"], { env });
    await call("buildah", ["rm", "--all"], { env });
    await call("umount", [join(folder, "graph", "overlay")], {});
    await rm(folder, { recursive: true, force: true });
  });
  const name = imageName;
  const built = await call("make", ["--no-print-directory", "image"], {
    cwd: root,
    env: {
      ...env,
      IMAGE: name,
      IMAGE_TOOL: "buildah",
      BASE: "built",
      SBOM: join(folder, "sbom.json"),
      ARCHIVE: archive,
    },
  });
  if (built.code !== 0 || built.stdout.trim() !== name) throw new Error(`no image:\n${built.stdout}${built.stderr}`);

  const podman = (...args: string[]) => call("podman", args, { env });
  return {
    sbom: join(folder, "sbom.json"),
    inspect: async () => JSON.parse((await podman("image", "inspect", name)).stdout)[0],
    run: (command, options) => podman("--runtime", "runc", "run", "--rm", ...runOptions(options), name, ...command),
    async start(own, command, ready, options) {
      const container = `test-${randomUUID()}`;
      // Should this process die, the container does not outlive it for long.
      const bounded = ["--name", container, "--rm", "--timeout", "300"];
      own.after(async () => void (await podman("--runtime", "runc", "rm", "--force", "--ignore", container)));
      const server = await startServer({
        program: "podman",
        args: ["--runtime", "runc", "run", ...bounded, ...runOptions(options), name, ...command],
        env,
        ready,
      });
      return {
        process: server,
        exec: (...words) => podman("--runtime", "runc", "exec", container, ...words),
        signal: async (signal) => void (await podman("--runtime", "runc", "kill", "--signal", signal, container)),
      };
    },
  };
}

function runOptions({ options = [], env = {}, mounts = {} }: RunOptions = {}): string[] {
  const variables = Object.entries(env).filter(([, value]) => value !== undefined);
  return [
    ...["--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:rw,size=64m,mode=1777", "--network", "host"],
    // Podman would write who it is into /etc/passwd; Kubernetes does not.
    ...[
      "--passwd=false",
      "--user",
      `${somebody.uid}:${somebody.gid}`,
      "--cap-drop",
      "all",
      "--security-opt",
      "no-new-privileges",
    ],
    ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"],
    ...variables.flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ...Object.entries(mounts).flatMap(([inside, outside]) => ["--volume", `${outside}:${inside}`]),
    ...options,
  ];
}

/** Runs a program to its end. @throws {Error} when it has not ended after ten minutes */
async function call(program: string, args: readonly string[], options: ExecFileOptions): Promise<Ran> {
  return await new Promise((resolve, reject) => {
    const limits = { timeout: 600_000, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, args, { ...limits, ...options, encoding: "utf8" }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") return reject(error);
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}
