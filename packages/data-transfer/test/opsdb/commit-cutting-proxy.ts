import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Scope } from "../../../../testing/scope.ts";

/**
 * When the network breaks around a COMMIT: before it reaches the server, after the server has answered it, or so that the
 * server keeps the connection, and with it the row locks, for a while longer.
 */
export type Cut = "before the server" | "after the server" | "server unaware";

export interface CommitCuttingProxy {
  readonly port: number;
  /** Cuts the next COMMIT that passes; those after it are left alone. Fulfilled when that has happened. */
  cutNextCommit(cut: Cut): Promise<void>;
  /** Closes the server's side of a connection that was cut "server unaware". */
  letServerKnow(): void;
}

/** A proxy in front of PostgreSQL, without TLS, that understands just enough to find a COMMIT. */
export async function startCommitCuttingProxy(scope: Scope, port: number): Promise<CommitCuttingProxy> {
  let pending: Cut | undefined;
  let done = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const unaware: Socket[] = [];

  const listener = createServer((client) => {
    const server = connect({ host: "127.0.0.1", port });
    let cutWhenAnswered = false;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    server.on("close", () => client.destroy());
    client.on("close", () => {
      if (!unaware.includes(server)) server.destroy();
    });
    client.on("data", (bytes) => {
      if (pending === undefined || !bytes.includes("COMMIT\0")) return void server.write(bytes);
      const cut = pending;
      pending = undefined;
      if (cut === "after the server") {
        cutWhenAnswered = true;
        server.write(bytes);
        return;
      }
      if (cut === "server unaware") unaware.push(server);
      client.destroy();
      done.resolve();
    });
    server.on("data", (bytes) => {
      if (!cutWhenAnswered) return void client.write(bytes);
      client.destroy();
      done.resolve();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => listener.close(() => resolve()));
  });
  return {
    port: (listener.address() as AddressInfo).port,
    cutNextCommit(cut) {
      pending = cut;
      done = Promise.withResolvers();
      return done.promise;
    },
    letServerKnow() {
      for (const socket of unaware) socket.destroy();
    },
  };
}
