import type { Socket } from "node:net";

/**
 * Calls `gone` when nothing at all has come from a socket for `limit` ms. Data that has arrived while this process was busy
 * with something else, and is still to be read, counts as come.
 *
 * @returns stops watching
 */
export function onSilence(socket: Socket, limit: number, gone: () => void): () => void {
  let seen = progress(socket);
  let stopped = false;
  let timer = setTimeout(ripe, limit);

  function ripe(): void {
    // A loop that was blocked runs overdue timers before it reads: let it read first.
    setImmediate(() => setImmediate(judge));
  }

  function judge(): void {
    if (stopped) return;
    const now = progress(socket);
    if (now === seen) gone();
    else timer = setTimeout(ripe, limit);
    seen = now;
  }

  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Grows when a socket is connected, when it is secured, and with all that comes. */
function progress(socket: Socket & { secureConnecting?: boolean }): number {
  return socket.bytesRead + (socket.connecting ? 0 : 1) + (socket.secureConnecting ? 0 : 1);
}
