import type { Address, Broker, Settled } from "../broker/broker.ts";
import type { Envelope } from "../message/envelope.ts";
import { addressText, type SentTask, sentTask } from "./sent-task.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The one queue in which everything lies, whatever queue it was sent to: a test needs no consumer for each. */
export const worldQueue = "world";

export interface WorldBroker extends Broker {
  /** Messages that wait or are held, those of a later time not counted. */
  readonly open: number;
}

/**
 * A broker whose messages all lie in {@link worldQueue}, and have an eta only in virtual time.
 *
 * @param sent     gets what is published
 * @param changed  called whenever {@link WorldBroker.open} may have changed
 */
export function worldBroker(base: Broker, time: VirtualTime, sent: SentTask[], changed: () => void): WorldBroker {
  let open = 0;
  const count = (change: number) => {
    open += change;
    changed();
  };

  function publish(address: Address, envelope: Envelope): void {
    sent.push(sentTask(address, envelope));
    const addressed = { ...envelope, headers: { ...envelope.headers, [sentTo]: addressText(address) } };
    time.schedule(addressed, (due) => {
      count(+1);
      void base.publish(worldQueue, due);
    });
    changed();
  }

  async function settled(settling: Promise<Settled>): Promise<Settled> {
    const answer = await settling;
    if (answer === "DONE") count(-1);
    return answer;
  }

  return {
    ...base,
    get open() {
      return open;
    },
    publish: async (address, envelope) => publish(address, envelope),
    async pop(queues, options) {
      const deliveries = await base.pop(queues, options);
      return deliveries.map((delivery) => {
        const { [sentTo]: queue, ...headers } = delivery.envelope?.headers ?? {};
        const envelope = delivery.envelope && { ...delivery.envelope, headers };
        return { ...delivery, envelope, queue: typeof queue === "string" ? queue : delivery.queue };
      });
    },
    acknowledge: (tag) => settled(base.acknowledge(tag)),
    deadLetter: (tag, reason, text) => settled(base.deadLetter(tag, reason, text)),
    async retry(tag, queue, next) {
      const answer = await settled(base.acknowledge(tag));
      if (answer === "DONE") publish(queue, next);
      return answer;
    },
  };
}

/** Where a message was sent to: our own header, taken away before anybody sees it. */
const sentTo = "test-world-sent-to";
