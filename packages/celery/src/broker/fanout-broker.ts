import { writeEnvelope } from "../message/envelope-text.ts";
import type { Broker, Delivery, Renewed } from "./broker.ts";
import type { FanoutInbox } from "./fanout-inbox.ts";

type Consuming = Pick<
  Broker,
  "pop" | "wait" | "renew" | "acknowledge" | "requeue" | "park" | "retry" | "deadLetter" | "restoreOrphans"
>;

/**
 * Consuming from fanout queues beside the others, with the same calls. What comes by pub/sub is held by this process alone:
 * to settle it needs no broker, and cannot be LOST.
 *
 * @param bury  keeps a message of a fanout queue as a dead letter
 */
export function withFanout(
  stored: Consuming & Pick<Broker, "publish">,
  inbox: FanoutInbox,
  bury: (delivery: Delivery, reason: string, text: string) => Promise<void>,
  now: () => number = Date.now,
): Consuming {
  return {
    async pop(queues, options) {
      const [own, others] = divided(queues);
      if (own.length === 0) return await stored.pop(queues, options);
      await inbox.open(own);
      const deliveries = inbox.take(own, options?.max ?? 1);
      if (deliveries.length > 0 || others.length === 0) return deliveries;
      return await stored.pop(others, options);
    },
    async wait(queues, timeout, signal) {
      const [own, others] = divided(queues);
      if (own.length === 0) return await stored.wait(queues, timeout, signal);
      await inbox.open(own);
      if (!inbox.isEmpty(own)) return;
      const arrived = new AbortController();
      const stop = inbox.onArrival((queue) => own.includes(queue) && arrived.abort());
      await stored.wait(others, timeout, AbortSignal.any([signal, arrived.signal])).finally(stop);
    },
    async renew(tags) {
      const answers = new Map<string, Renewed>();
      const others = tags.filter((tag) => !inbox.find(tag));
      for (const tag of tags) if (inbox.find(tag)) answers.set(tag, "RENEWED");
      if (answers.size === 0) return await stored.renew(tags);
      for (const [tag, answer] of await stored.renew(others)) answers.set(tag, answer);
      return answers;
    },
    async acknowledge(tag) {
      if (!inbox.find(tag)) return await stored.acknowledge(tag);
      inbox.settle(tag);
      return "DONE";
    },
    async requeue(tag, options) {
      const delivery = inbox.find(tag);
      if (!delivery) return await stored.requeue(tag, options);
      inbox.giveBack(delivery, options?.death ?? false);
      return "DONE";
    },
    async park(tag, until) {
      const delivery = inbox.find(tag);
      if (!delivery) return await stored.park(tag, until);
      inbox.park(delivery, until);
      return "DONE";
    },
    async retry(tag, queue, next) {
      if (!inbox.find(tag)) return await stored.retry(tag, queue, next);
      // The others have copies of their own: the next try is for us alone.
      if (!inbox.put(queue, writeEnvelope(next))) await stored.publish(queue, next);
      inbox.settle(tag);
      return "DONE";
    },
    async deadLetter(tag, reason, text) {
      const delivery = inbox.find(tag);
      if (!delivery) return await stored.deadLetter(tag, reason, text);
      await bury(delivery, reason, text);
      inbox.settle(tag);
      return "DONE";
    },
    async restoreOrphans() {
      const here = inbox.unpark(now());
      const there = await stored.restoreOrphans();
      const next = [here.nextDue, there.nextDue].filter((date) => date !== undefined);
      return {
        restored: there.restored,
        due: here.due + there.due,
        nextDue: next.sort((a, b) => a.getTime() - b.getTime())[0],
      };
    },
  };

  function divided(queues: readonly string[]): [own: readonly string[], others: readonly string[]] {
    const own = queues.filter((queue) => inbox.has(queue));
    return [own, own.length === 0 ? queues : queues.filter((queue) => !inbox.has(queue))];
  }
}
