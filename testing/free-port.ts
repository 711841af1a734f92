import { createServer } from "node:net";

/** Below the range that the kernel hands out for outgoing connections, so that none of those takes it meanwhile. */
const lowest = 17_000;
const highest = 32_000;

/** A TCP port that nothing listened on just now, on 127.0.0.1. Who starts a server on it tries another if it is taken. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
