import type { Socket } from "node:net";

/**
 * Resets a connection, so that the other side hears of it at once. One that is just being ended is destroyed instead: libuv
 * refuses to reset it (EINVAL), Node then takes it for closed, and a process with such a socket never comes to its end.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
