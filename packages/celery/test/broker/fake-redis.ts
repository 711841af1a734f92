import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Scope } from "../../../../testing/scope.ts";

export interface FakeRedis {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** What INFO answers. */
  info: string;
  /** What is said to whoever connects, before the connection is closed; undefined lets them in. */
  refusal: string | undefined;
  /** When connections came, by `performance.now()`. */
  readonly attempts: number[];
  /** Ends all connections. */
  cut(): void;
}

/** Knows INFO, and says OK to everything else: for what no Redis of this machine would say. */
export async function startFakeRedis(scope: Scope): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    fake.attempts.push(performance.now());
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    if (fake.refusal !== undefined) return void socket.end(fake.refusal);
    socket.on("data", (commands) => {
      for (const [, name] of commands.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        socket.write(name!.toLowerCase() === "info" ? `$${fake.info.length}\r\n${fake.info}\r\n` : "+OK\r\n");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const fake: FakeRedis = {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    info: "redis_version:7.2.4\r\n",
    refusal: undefined,
    attempts: [],
    cut,
  };
  scope.after(() => {
    cut();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return fake;
}
