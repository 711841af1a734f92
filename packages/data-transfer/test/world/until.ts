import { setTimeout as pause } from "node:timers/promises";

/** Wide enough for two busy cores; whoever waits so long waits in vain. */
export const patience = 60_000;

/**
 * Looks again and again until `look` answers something, and answers that.
 *
 * @param what  completes "waited in vain until ..."
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await pause(15);
  }
}
