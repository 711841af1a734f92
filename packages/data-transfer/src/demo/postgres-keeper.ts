/**
 * A process of its own, `node postgres-keeper.ts FOLDER`: runs the demo's PostgreSQL for as long as somebody is connected
 * to it here. A command that crashes is disconnected by the kernel; so nobody has to be trusted to tidy up.
 */
import { createServer, type Socket } from "node:net";
import { type KeeperAnswer, keeperAddress, type RunningCluster, startCluster } from "./postgres-cluster.ts";

const dataDir = process.argv[2] ?? "";
/** Those for whom the server runs. */
const users = new Set<Socket>();
/** Those who have left, and are told when the server has ended. */
const leaving = new Set<Socket>();
let cluster: RunningCluster | undefined;
let wake = () => {};

const listener = createServer({ allowHalfOpen: true }, (socket) => {
  users.add(socket);
  if (cluster) tell(socket, { port: cluster.port });
  socket.on("error", () => {});
  socket.on("end", () => leave(socket));
  socket.on("close", () => leave(socket));
  socket.resume();
  wake();
});
// Another keeper has the place: the command that started this one will find that one.
listener.once("error", () => process.exit(0));
listener.listen(await keeperAddress(dataDir), () => process.stdout.write("listening\n"));

let asked = false;
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => {
    asked = true;
    wake();
  });
}

// Whoever started this process comes at once, or never.
await until(() => users.size > 0, 20_000);
try {
  // Who comes while the server is being stopped gets it started again.
  while (users.size > 0 && !asked) {
    cluster = await startCluster(dataDir);
    for (const user of users) tell(user, { port: cluster.port });
    let over = false;
    void cluster.ended.then(() => {
      over = true;
      wake();
    });
    await until(() => users.size === 0 || asked || over);
    const stopping = cluster;
    cluster = undefined;
    await stopping.stop();
    for (const socket of leaving) socket.destroy();
    leaving.clear();
    if (over) break;
  }
} catch (error) {
  await Promise.all([...users].map((user) => tell(user, { error: (error as Error).message })));
}
process.exit(0);

function leave(socket: Socket): void {
  if (!users.delete(socket)) return;
  if (users.size > 0 || !cluster) socket.destroy();
  else leaving.add(socket);
  wake();
}

function tell(socket: Socket, answer: KeeperAnswer): Promise<void> {
  return new Promise((resolve) => socket.write(`${JSON.stringify(answer)}\n`, () => resolve()));
}

/** Fulfilled when it has come true, which is looked at whenever `wake` is called, or when `most` ms are over. */
async function until(isTrue: () => boolean, most?: number): Promise<void> {
  const timer = most === undefined ? undefined : setTimeout(() => wake(), most);
  const end = most === undefined ? Number.POSITIVE_INFINITY : performance.now() + most - 1;
  while (!isTrue() && performance.now() < end) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  clearTimeout(timer);
}
