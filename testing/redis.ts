import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type CertificateOptions, type Certificates, makeCertificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { requireProgram } from "./require-server.ts";
import type { Scope } from "./scope.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const run = promisify(execFile);

export interface RedisOptions {
  /** TLS only, client certificates required; an object says for which names the server's certificate is good. */
  tls?: boolean | CertificateOptions;
  password?: string;
  /** Keep data over `restart()` (append-only file, synced at every write). */
  appendonly?: boolean;
  /** An address to listen on beside loopback. */
  alsoOn?: string;
  /** More of redis.conf, as command-line arguments: `["--maxmemory", "10mb"]`. */
  args?: readonly string[];
}

export interface TestRedis {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly password: string | undefined;
  /** redis:// or rediss://, with the password, without a database number. */
  readonly url: string;
  /** Present with TLS: what a client needs (`ca`, `cert`, `key`), and the server's own. */
  readonly tls: Certificates | undefined;
  readonly pid: number;
  /** Ends it: SIGTERM by default, SIGKILL for a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after `stop()`, on the same port; stops it before if it runs. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** What `redis-cli` prints for a command, without the last line end. */
  cli(...args: string[]): Promise<string>;
}

/** A real Redis on a free loopback port with a directory of its own, gone when `scope` ends. */
export async function startRedis(scope: Scope, options: RedisOptions = {}): Promise<TestRedis> {
  const program = requireProgram("redis-server");
  const directory = await mkdtemp(join(tmpdir(), "test-redis-"));
  const certificateOptions = options.tls === true ? {} : options.tls;
  const tls = certificateOptions ? await makeCertificates(join(directory, "tls"), certificateOptions) : undefined;

  let { port, server } = await startOnFreePort();
  scope.after(async () => {
    await server.stop("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });

  return {
    host: "127.0.0.1",
    port,
    password: options.password,
    url: `${tls ? "rediss" : "redis"}://${options.password ? `:${encodeURIComponent(options.password)}@` : ""}127.0.0.1:${port}`,
    tls,
    get pid() {
      return server.pid;
    },
    stop: (signal) => server.stop(signal),
    async restart(signal) {
      await server.stop(signal);
      server = await start(port);
    },
    async cli(...args) {
      const secure = tls
        ? ["--tls", "--cacert", tls.ca, "--cert", tls.cert, "--key", tls.key, "--sni", "localhost"]
        : [];
      const env = { ...process.env, REDISCLI_AUTH: options.password ?? "" };
      const { stdout } = await run("redis-cli", ["-p", String(port), ...secure, ...args], { env, maxBuffer: 64 << 20 });
      return stdout.replace(/\n$/, "");
    },
  };

  async function startOnFreePort(): Promise<{ port: number; server: ServerProcess }> {
    for (let attempt = 1; ; attempt++) {
      const candidate = await freePort();
      try {
        return { port: candidate, server: await start(candidate) };
      } catch (error) {
        if (attempt === 5 || !/Address already in use/.test((error as Error).message)) throw error;
      }
    }
  }

  function start(onPort: number): Promise<ServerProcess> {
    const listen = tls
      ? [
          ...["--port", "0", "--tls-port", String(onPort), "--tls-auth-clients", "yes"],
          ...["--tls-ca-cert-file", tls.ca, "--tls-cert-file", tls.serverCert, "--tls-key-file", tls.serverKey],
        ]
      : ["--port", String(onPort)];
    const keep = options.appendonly ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
    const password = options.password ? ["--requirepass", options.password] : [];
    const addresses = ["127.0.0.1", ...(options.alsoOn ? [options.alsoOn] : [])];
    const settings = ["--bind", ...addresses, "--dir", directory, "--save", "", "--daemonize", "no", "--logfile", ""];
    return startServer({
      program,
      args: [...settings, ...listen, ...keep, ...password, ...(options.args ?? [])],
      ready: /Ready to accept connections/,
    });
  }
}
