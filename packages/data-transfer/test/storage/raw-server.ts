import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import type { Scope } from "../../../../testing/scope.ts";

/** A server that says whatever a test wants, byte by byte. */
export interface RawServer {
  readonly endpoint: string;
  /** Connections that were made so far. */
  readonly made: number;
  /** Those that are open. */
  readonly open: ReadonlySet<Socket>;
}

/** @param answer  called for every request, with its head; `requests` counts those of this connection */
export async function startRawServer(
  scope: Scope,
  answer: (socket: Socket, head: string, requests: number) => void,
): Promise<RawServer> {
  const open = new Set<Socket>();
  let made = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    made += 1;
    open.add(socket);
    let text = "";
    let requests = 0;
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        answer(socket, head, ++requests);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get made() {
      return made;
    },
    open,
  };
}

/** The bytes of an answer: its head from lines, then its body. */
export function answerOf(lines: readonly string[], body: Uint8Array | string = ""): Buffer {
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]);
}
