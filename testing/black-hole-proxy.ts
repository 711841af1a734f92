import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { resetSocket } from "./reset-socket.ts";
import type { Scope } from "./scope.ts";

export interface BlackHoleProxy {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Connections that were open when the black hole began, and that their clients have given up since. */
  readonly abandoned: number;
  /** Resets every open connection; new ones are refused until `pass()`. */
  cut(): void;
  /** From now on bytes vanish in both directions: connections stay open and silent, new ones too, until `pass()`. */
  blackHole(): void;
  /** Lets new connections through. Those that were in the black hole are reset, since bytes of theirs are lost. */
  pass(): void;
}

/** A TCP proxy in front of a test server that plays the network's ways to fail. */
export async function startBlackHoleProxy(
  scope: Scope,
  target: { host: string; port: number },
): Promise<BlackHoleProxy> {
  let mode: "pass" | "cut" | "black hole" = "pass";
  let abandoned = 0;
  const pairs = new Set<{ client: Socket; server: Socket | undefined }>();

  // allowHalfOpen: an end that one side sends is passed on as an end, not answered with ours.
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (mode === "cut") return void resetSocket(client);
    const server = mode === "pass" ? connect({ ...target, allowHalfOpen: true, noDelay: true }) : undefined;
    const pair = { client, server };
    pairs.add(pair);
    const reset = () => {
      pairs.delete(pair);
      resetSocket(client);
      if (server) resetSocket(server);
    };
    // Of this the server learns nothing.
    let givenUp = false;
    const giveUp = () => {
      if (mode !== "black hole" || !server || givenUp) return;
      givenUp = true;
      abandoned++;
    };
    client.on("end", giveUp).on("error", giveUp);
    join(client, server);
    if (server) join(server, client);

    function join(from: Socket, to: Socket | undefined): void {
      from.on("data", (chunk) => {
        if (mode !== "pass" || !to) return;
        if (!to.write(chunk)) from.pause();
      });
      to?.on("drain", () => from.resume());
      from.on("end", () => {
        if (mode === "pass") to?.end();
      });
      from.on("error", reset);
      from.on("close", () => {
        if (mode !== "pass") return;
        pairs.delete(pair);
        to?.destroySoon();
      });
    }
  });

  function resetAll(): void {
    for (const { client, server } of pairs) {
      resetSocket(client);
      if (server) resetSocket(server);
    }
    pairs.clear();
  }

  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    resetAll();
    return new Promise((resolve) => listener.close(() => resolve()));
  });

  return {
    host: "127.0.0.1",
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    get abandoned() {
      return abandoned;
    },
    cut() {
      mode = "cut";
      resetAll();
    },
    blackHole() {
      mode = "black hole";
      abandoned = 0;
    },
    pass() {
      if (mode === "black hole") resetAll();
      mode = "pass";
    },
  };
}
