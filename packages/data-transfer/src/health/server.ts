import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { HealthAddressUnusable } from "../errors/health.ts";
import type { Check } from "./health-state.ts";

export interface HealthServerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Whether the process should be left running. Must answer from memory: it is called on the request's path. */
  live(): Check;
  /** Whether the process does its work. Must answer from memory, too. */
  ready(): Check | Promise<Check>;
  registry: Registry;
}

export interface HealthServer {
  /** The port that was taken. */
  port: number;
  close(): Promise<void>;
}

/**
 * Serves `/livez`, `/readyz` (JSON with reasons; 200, or 503) and `/metrics` (Prometheus' text format).
 *
 * @throws HealthAddressUnusable
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { host, registry } = options;
  const pages: Readonly<Record<string, (response: ServerResponse) => Promise<void>>> = {
    "/livez": async (response) => sendCheck(response, options.live()),
    "/readyz": async (response) => sendCheck(response, await options.ready()),
    "/metrics": async (response) => send(response, 200, registry.contentType, await registry.metrics()),
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0]!;
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (!page) return send(response, 404, "text/plain", `only ${Object.keys(pages).join(", ")}\n`);
    if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "text/plain", "only GET\n");
    page(response).catch((error: unknown) => send(response, 500, "text/plain", `${String(error)}\n`));
  });
  // A probe that never finishes its request must not keep a connection.
  server.requestTimeout = 10_000;
  server.headersTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new HealthAddressUnusable({ host, port: options.port, reason: error.code ?? error.message }, { cause: error }),
      );
    });
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendCheck(response: ServerResponse, check: Check): void {
  send(response, check.ok ? 200 : 503, "application/json", `${JSON.stringify(check)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
}
