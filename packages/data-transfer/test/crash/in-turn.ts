/** Does something for each of a list, so many at a time, in their order. */
export async function inTurn<T>(all: readonly T[], atOnce: number, work: (one: T, index: number) => Promise<void>) {
  let next = 0;
  const lane = async () => {
    while (next < all.length) {
      const index = next++;
      await work(all[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
