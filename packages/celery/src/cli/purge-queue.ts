import type { Broker } from "../broker/broker.ts";

/**
 * Throws away what waits in a queue; what somebody holds stays. Each message is taken and acknowledged, as if it had been
 * worked, so that nothing is thrown away unseen that arrives meanwhile at another's hands.
 *
 * @returns how many
 */
export async function purgeQueue(broker: Broker, queue: string): Promise<number> {
  const { waiting } = await broker.inspect(queue);
  let thrown = 0;
  // What arrives after we have looked is somebody's new message.
  while (thrown < waiting) {
    const taken = await broker.pop([queue], { max: Math.min(100, waiting - thrown) });
    if (taken.length === 0) break;
    await Promise.all(taken.map(({ tag }) => broker.acknowledge(tag)));
    thrown += taken.length;
  }
  return thrown;
}
