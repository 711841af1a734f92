import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "../../testing/certificates.ts";
import { freePort } from "../../testing/free-port.ts";
import { requireProgram } from "../../testing/require-server.ts";
import type { Scope } from "../../testing/scope.ts";
import { startServer } from "../../testing/server-process.ts";

export interface WebServer {
  /** Plain HTTP. */
  readonly port: number;
  /** http://127.0.0.1:PORT */
  readonly endpoint: string;
  /** The same files over TLS. */
  readonly secure: { readonly endpoint: string; readonly ca: string };
  /** Waits until what it has begun is sent, then ends. */
  stop(): Promise<void>;
  /** Bytes of bodies that it has sent, by its log: of those requests that have ended. */
  bytesSent(): Promise<number>;
}

/** Debian's nginx on free loopback ports; serves a folder as it is, with ETags and ranges, by `sendfile`. */
export async function startWebServer(tools: { scope: Scope; directory: string }, folder: string): Promise<WebServer> {
  const { scope, directory } = tools;
  const home = await mkdtemp(join(directory, "nginx-"));
  const certificates = await makeCertificates(join(home, "tls"));
  const log = join(home, "requests");
  for (let attempt = 1; ; attempt++) {
    const [port, securePort] = [await freePort(), await freePort()];
    const file = join(home, "nginx.conf");
    await writeFile(file, configuration({ home, folder, port, securePort, certificates, log }));
    try {
      const server = await startServer({
        program: requireProgram("nginx"),
        args: ["-p", home, "-c", file, "-e", "stderr"],
        // Its workers would outlive a SIGKILL.
        deathSignal: "QUIT",
        ready: /start worker process/,
      });
      scope.after(() => server.stop("SIGTERM"));
      return {
        port,
        endpoint: `http://127.0.0.1:${port}`,
        secure: { endpoint: `https://localhost:${securePort}`, ca: certificates.ca },
        stop: () => server.stop("SIGQUIT"),
        bytesSent: async () =>
          (await readFile(log, "utf8")).split("\n").reduce((total, line) => total + Number(line), 0),
      };
    } catch (error) {
      if (attempt === 5 || !/Address already in use/.test((error as Error).message)) throw error;
    }
  }
}

interface Configured {
  home: string;
  folder: string;
  port: number;
  securePort: number;
  certificates: Certificates;
  log: string;
}

/** Debian's settings, where they differ from nginx's own and matter here: `sendfile`, `tcp_nopush`, a worker a core. */
function configuration({ home, folder, port, securePort, certificates, log }: Configured): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${home};`);
  return `
    daemon off;
    pid ${home}/pid;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    worker_processes auto;
    error_log stderr notice;
    events { worker_connections 1024; }
    http {
      ${temporary.join(" ")}
      log_format bytes $body_bytes_sent;
      access_log ${log} bytes;
      sendfile on;
      tcp_nopush on;
      keepalive_requests 100000;
      # A client whose disk does not take more for a while is no reason to end.
      send_timeout 1h;
      default_type application/octet-stream;
      server {
        listen 127.0.0.1:${port};
        listen 127.0.0.1:${securePort} ssl;
        ssl_certificate ${certificates.serverCert};
        ssl_certificate_key ${certificates.serverKey};
        root ${folder};
      }
    }
  `;
}
