import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import type { Consumer } from "./consumer.ts";
import type { EndMessage } from "./end-message.ts";
import { type Held, type HeldMessages, interrupt, logged } from "./held.ts";
import { persistence } from "./settle.ts";
import type { Slots } from "./slots.ts";
import { within } from "./waiting.ts";

export interface DrainOptions {
  name: string;
  broker: Broker;
  held: HeldMessages;
  consumer: Consumer;
  slots: Slots;
  end: EndMessage;
  /** The consumer's loop. */
  loop: Promise<void>;
  /** Aborted when running tasks have had their time. */
  graceOver: AbortSignal;
  /** Time for tasks to clean up after their signal was aborted, in ms. */
  abortGrace: number;
  /** Aborted by us when nothing is tried again any more. */
  giveUp: AbortController;
  /** Ends a task's process, where it has one of its own: it must not run on beside whoever gets the message next. */
  kill(taskId: string): void;
  stopUpkeep(): void;
  stopRemote(): Promise<void>;
  log: Logger;
}

/**
 * A warm shutdown: nothing new; what does not run goes back at once; what runs may end while there is grace; the rest is
 * interrupted and goes back. Afterwards nothing is held, or, with a broker that does not answer, what is still held
 * comes back by its lease.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { name, broker, held, consumer, slots, end, loop, graceOver, abortGrace, giveUp, kill, log } = options;
  log.info({ running: running(held).length }, "stopping: no new messages; running tasks may end");
  consumer.stop();
  // At once: a task that ends from here on must not let the next one begin.
  slots.close();
  options.stopUpkeep();
  // A pop under way may still bring a message: it must be in our hands before we give anything back.
  await within(broker.lease, loop);
  // Our presence runs out by itself: not worth waiting for a broker that does not answer.
  await within(5_000, broker.withdraw(name));
  await giveBack([...held].filter((message) => message.place !== "active" && !message.leaving));

  const idle = slots.idle();
  await Promise.race([idle, aborted(graceOver)]);
  for (const message of held) interrupt(message);
  await within(abortGrace, idle);

  for (const message of running(held)) {
    message.abandoned = true;
    if (message.work) kill(message.work.request.id);
    log.warn(logged(message), "a task did not end although its signal was aborted; its message goes back anyway");
  }
  giveUp.abort();
  await giveBack([...held]);
  await within(5_000, options.stopRemote());

  /** Newest first, so that the one popped first ends up at the head of its queue. Bounded by the lease. */
  async function giveBack(messages: Held[]): Promise<void> {
    const newestFirst = messages.sort((a, b) => b.order - a.order);
    const persist = persistence(held, log, new AbortController().signal);
    const all = async () => {
      for (const message of newestFirst) await end.giveBack(message, { persist });
    };
    await within(broker.lease, all());
  }
}

function running(held: HeldMessages): Held[] {
  return [...held].filter((message) => message.runningSince !== undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
