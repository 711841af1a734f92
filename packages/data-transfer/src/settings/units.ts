/** Seconds in each unit that a duration may have. */
const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** Bytes in each unit that a size may have: decimal (kB), binary (KiB) and as Kubernetes writes binary ones (Ki). */
const bytes: Readonly<Record<string, number>> = {
  b: 1,
  ...powers(1000, ["kb", "mb", "gb", "tb", "pb"]),
  ...powers(1024, ["kib", "mib", "gib", "tib", "pib"]),
  ...powers(1024, ["ki", "mi", "gi", "ti", "pi"]),
};

/**
 * Reads a duration: a number is seconds; a text is numbers with units (`30s`, `14d`, `1h30m`, `500 ms`).
 *
 * @returns seconds, or undefined when it is neither
 */
export function parseDuration(value: unknown): number | undefined {
  const number = asNumber(value);
  if (number !== undefined) return number;
  if (typeof value !== "string") return undefined;
  const text = value.trim().toLowerCase();
  if (!/^(\d+(\.\d+)?\s*[a-z]+\s*)+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const factor = seconds[unit!];
    if (factor === undefined) return undefined;
    total += Number(count) * factor;
  }
  return total;
}

/**
 * Reads a size: a number is bytes; a text is a number with a unit (`1 TiB`, `500MB`, `10Gi`).
 *
 * @returns whole bytes, or undefined when it is neither
 */
export function parseSize(value: unknown): number | undefined {
  const number = asNumber(value);
  if (number !== undefined) return Number.isSafeInteger(number) ? number : undefined;
  if (typeof value !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(value.trim());
  const factor = match && bytes[match[2]!.toLowerCase()];
  if (!match || !factor) return undefined;
  const size = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(size) ? size : undefined;
}

function asNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}

function powers(base: number, units: readonly string[]): Record<string, number> {
  return Object.fromEntries(units.map((unit, index) => [unit, base ** (index + 1)]));
}
