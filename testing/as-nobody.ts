/**
 * Runs `work` as a user without rights: root, for whom permissions mean nothing, becomes somebody else meanwhile. Affects
 * the whole process, so nothing else may go on in it.
 */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return await work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
