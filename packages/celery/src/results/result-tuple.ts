/**
 * A result as Celery writes it down (celery 5.6 `result.py`, `as_tuple`): its id, the result it follows, and for a group
 * its members. What `children` of a stored state and a saved group consist of.
 */
export type ResultTuple = [self: [id: string, parent: ResultTuple | null], members: ResultTuple[] | null];

export function resultTuple(
  id: string,
  parent: ResultTuple | null = null,
  members: ResultTuple[] | null = null,
): ResultTuple {
  return [[id, parent], members];
}

/** Reads what a peer has stored; undefined when it is no result, or nested deeper than any canvas is. */
export function readResultTuple(value: unknown, depth = 100): ResultTuple | undefined {
  if (depth === 0 || !Array.isArray(value)) return undefined;
  const [self, members = null] = value;
  const [id, parent = null] = Array.isArray(self) ? self : [self];
  if (typeof id !== "string" || !(members === null || Array.isArray(members))) return undefined;
  const before = parent === null ? null : readResultTuple(parent, depth - 1);
  const inside = members === null ? null : members.map((member: unknown) => readResultTuple(member, depth - 1));
  if (before === undefined || inside?.includes(undefined)) return undefined;
  return [[id, before], inside as ResultTuple[] | null];
}
