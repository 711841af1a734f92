import { pack, unpack } from "../crossing.ts";
import type { RemoteMethod, ToChild } from "../protocol.ts";
import { unpackThrown } from "../thrown.ts";
import type { Channel } from "./channel.ts";

/** Calls of a task's context that are made in the pool's process, and wait for their answers. */
export class RemoteCalls {
  readonly #channel: Channel;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #made = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** @throws {UnencodableValue} for arguments that cannot cross; and what the call throws there */
  make(run: number, method: RemoteMethod, args: unknown[]): Promise<unknown> {
    const call = this.#made++;
    const answered = Promise.withResolvers<unknown>();
    this.#channel.tell({ type: "call", run, call, method, args: pack(args) });
    this.#open.set(call, answered);
    return answered.promise;
  }

  /** The answer to one of them. */
  hear(message: ToChild & { type: "answer" | "refusal" }): void {
    const answered = this.#open.get(message.call);
    this.#open.delete(message.call);
    if (message.type === "answer") answered?.resolve(unpack(message.value));
    else answered?.reject(unpackThrown(message.error));
  }
}
