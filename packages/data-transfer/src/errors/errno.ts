/**
 * The name of the system error that a failed call carries, undefined for any other error. libuv, and so Node, has no names
 * for some that network file systems and quotas answer with.
 */
export function errnoOf(error: unknown): string | undefined {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  if (typeof errno !== "number" || typeof code !== "string") return undefined;
  return unnamed[-errno] ?? code;
}

/** Linux's numbers. */
const unnamed: Readonly<Record<number, string>> = { 116: "ESTALE", 121: "EREMOTEIO", 122: "EDQUOT" };
