import leven from "leven";
import { AmbiguousQueue, UnknownLocation } from "../errors/location.ts";
import type { DataLocation, Site } from "../model/location.ts";
import { type OperationType, operationsAt } from "../model/operation.ts";
import type { Queryable } from "../opsdb/database.ts";
import { findLocation, fullName, listLocations } from "../opsdb/locations.ts";
import { queueName } from "./queue-name.ts";

/** A queue, and what its name stands for. */
export interface DiscoveredQueue {
  queue: string;
  site: Site;
  location: DataLocation;
  operation: OperationType;
}

/**
 * Every queue that the database's rows call for: each location in use, with the operations that its kind allows.
 *
 * @throws AmbiguousQueue when two locations would share one
 */
export async function discoverQueues(q: Queryable): Promise<DiscoveredQueue[]> {
  const queues = (await listLocations(q)).filter(({ active }) => active).flatMap(queuesAt);
  const byName = new Map<string, DiscoveredQueue>();
  for (const queue of queues) {
    const other = byName.get(queue.queue);
    if (other)
      throw new AmbiguousQueue(
        queue.queue,
        [other, queue].map(({ location }) => fullName(location)),
      );
    byName.set(queue.queue, queue);
  }
  return queues;
}

/**
 * What a queue's name stands for; undefined when the database has no such queue. The names of sites and locations
 * contain underscores, so the name is compared with those that exist and never split.
 */
export async function resolveQueue(q: Queryable, name: string): Promise<DiscoveredQueue | undefined> {
  return (await discoverQueues(q)).find(({ queue }) => queue === name);
}

/**
 * The queues of one location, known by its name or by `site/name`.
 *
 * @throws UnknownLocation, AmbiguousLocation
 */
export async function queuesOfLocation(q: Queryable, name: string): Promise<DiscoveredQueue[]> {
  const location = await requireLocation(q, name);
  return (await discoverQueues(q)).filter((queue) => queue.location.id === location.id);
}

/** @throws UnknownLocation, which lists the known ones and suggests the nearest; AmbiguousLocation */
export async function requireLocation(q: Queryable, name: string): Promise<DataLocation> {
  const found = await findLocation(q, name);
  if (found) return found;
  const known = (await listLocations(q)).map((location) => location.name);
  throw new UnknownLocation(name, known, nearestName(name, known));
}

/** The known name that is most like the given one, if any is like it at all: at most a third of it differs. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const furthest = Math.max(2, Math.floor(name.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: leven(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0] && ranked[0].distance <= furthest ? ranked[0].candidate : undefined;
}

function queuesAt(location: DataLocation): DiscoveredQueue[] {
  return operationsAt[location.locationType].map((operation) => ({
    queue: queueName(location, operation),
    site: location.site,
    location,
    operation,
  }));
}
