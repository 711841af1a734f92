/** So many failures tell enough; the rest is not waited for. */
const mostFailures = 5;

/**
 * Does something for each of a list, so many at a time, in their order. One that fails does not keep others from being done.
 *
 * @throws what has failed, when nothing is under way any more
 */
export async function inTurn<T>(
  all: readonly T[],
  atOnce: number,
  work: (one: T, index: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (next < all.length && failures.length < mostFailures) {
      const index = next++;
      await work(all[index] as T, index).catch((error: unknown) => void failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("\n"));
}
