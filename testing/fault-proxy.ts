import { connect, createServer, type Server } from "node:net";
import { type Connection, join } from "./fault-proxy/connection.ts";
import type { Fault, Play } from "./fault-proxy/fault.ts";
import { freePort } from "./free-port.ts";
import type { Scope } from "./scope.ts";

export type { Fault } from "./fault-proxy/fault.ts";

export interface FaultProxy {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** How often the latest fault has met with a connection; of flips each one counts. */
  readonly hits: number;
  /** Connections that are open now, at one side at least. */
  readonly connections: number;
  /** From now on the fault is played, so many times at most: on connections that are open, and on new ones. */
  play(fault: Fault, times?: number): Promise<void>;
  /** Lets everything through. Connections whose bytes were lost are reset. */
  pass(): Promise<void>;
}

/** A TCP proxy in front of a test server, which plays a fault for as long as a test wants. */
export async function startFaultProxy(scope: Scope, target: { host: string; port: number }): Promise<FaultProxy> {
  const open = new Set<Connection>();
  let play: Play | undefined;
  let over = new AbortController();
  let hits = 0;
  // Below the range of outgoing connections: it has to be free again when nobody has listened for a while.
  const port = await freePort();
  let listener: Server | undefined = await listen();
  scope.after(() => {
    over.abort();
    listener?.close();
    for (const connection of open) connection.reset();
  });

  return {
    host: "127.0.0.1",
    port,
    get hits() {
      return hits;
    },
    get connections() {
      return open.size;
    },
    async play(fault, times = Number.POSITIVE_INFINITY) {
      begin(fault, times);
      if (fault.kind === "refusal") return refuse();
      listener ??= await listen();
      for (const connection of open) if (play) connection.strike(play);
    },
    async pass() {
      over.abort();
      play = undefined;
      for (const connection of open) if (connection.spoilt) connection.reset();
      listener ??= await listen();
    },
  };

  function begin(fault: Fault, times: number): void {
    over.abort();
    over = new AbortController();
    hits = 0;
    const { signal } = over;
    play = {
      fault,
      over: signal,
      strike() {
        if (signal.aborted || hits >= times) return false;
        hits += 1;
        return true;
      },
    };
  }

  function refuse(): void {
    listener?.close();
    listener = undefined;
    // Who is refused cannot be counted.
    play?.strike();
    for (const connection of open) connection.reset();
  }

  async function listen(): Promise<Server> {
    const made = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
      const connection = join(client, server, () => play);
      open.add(connection);
      void connection.closed.then(() => open.delete(connection));
      if (play?.fault.kind === "black hole") connection.strike(play);
    });
    await new Promise<void>((resolve, reject) => {
      made.once("error", reject);
      made.listen(port, "127.0.0.1", resolve);
    });
    return made;
  }
}
