import type { Client } from "@ccatobs/celery";
import type { DataLocation } from "../model/location.ts";
import { queueName } from "../queues/queue-name.ts";

/** What a ring needs to know of an item. */
export interface RingableItem {
  id: number;
  taskId: string;
  /** Priority of its job, 0 (served first) to 9. */
  priority: number;
  destination: DataLocation;
}

/** Rings the queue for items: the message carries the item's id and nothing else. */
export interface Ring {
  queueOf(destination: DataLocation): string;
  send(item: RingableItem): Promise<void>;
}

export function createRing(client: Client, taskName: string): Ring {
  const queueOf = (destination: DataLocation) => queueName(destination, "staging");
  return {
    queueOf,
    async send(item) {
      await client.send(queueOf(item.destination), taskName, {
        id: item.taskId,
        kwargs: { staging_item_id: item.id },
        priority: item.priority,
      });
    },
  };
}
