import type { FromChild, ToChild } from "../protocol.ts";

/** The child's end of the channel to its pool. */
export interface Channel {
  tell(message: FromChild): void;
  listen(listener: (message: ToChild) => void): void;
}

/**
 * Opens the channel, and hides it from the tasks: what a library sends with `process.send`, because it takes any parent
 * for one that it knows, would mean nothing here. The process ends when the channel does.
 */
export function openChannel(): Channel {
  const send = process.send!.bind(process);
  delete process.send;
  process.once("disconnect", () => process.exit());
  return {
    tell: (message) => void send(message, () => {}),
    listen: (listener) => void process.on("message", listener),
  };
}
