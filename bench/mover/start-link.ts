import { fileURLToPath } from "node:url";
import type { Scope } from "../../testing/scope.ts";
import { type ServerProcess, startServer } from "../../testing/server-process.ts";

export interface LinkOptions {
  /** Of one direction, in ms: half of a round trip. */
  delay?: number;
  /** Bytes a second towards the client, for each connection. */
  rate?: number;
  /** Bytes after which nothing passes any more, until the clients have gone. */
  haltAfter?: number;
}

export interface Link {
  /** http://127.0.0.1:PORT */
  readonly endpoint: string;
  /** Fulfilled when nothing passes any more. */
  halted(signal: AbortSignal): Promise<void>;
}

const program = fileURLToPath(new URL("link.ts", import.meta.url));

/** A long line to a server's port on this machine. */
export async function startLink(scope: Scope, port: number, options: LinkOptions): Promise<Link> {
  const { delay = 0, rate = Number.POSITIVE_INFINITY, haltAfter = Number.POSITIVE_INFINITY } = options;
  const ready = /listening on (\d+)/;
  const server = await startServer({
    program: process.execPath,
    args: [program, String(port), `--delay=${delay}`, `--rate=${rate}`, `--halt-after=${haltAfter}`],
    ready,
  });
  scope.after(() => server.stop("SIGKILL"));
  return {
    endpoint: `http://127.0.0.1:${ready.exec(server.output())![1]}`,
    halted: (signal) => said(server, "halted", signal),
  };
}

async function said(server: ServerProcess, word: string, signal: AbortSignal): Promise<void> {
  while (!server.output().includes(word)) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
