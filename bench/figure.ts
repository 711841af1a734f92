/** One thing that was measured, and what was promised of it. */
export interface Figure {
  /** The measurement that it comes from: `memory`, `speed`, ... */
  measurement: string;
  /** What was measured, in a few words. */
  what: string;
  value: number;
  unit: string;
  /** What it must be below, or at least; undefined where nothing was promised and the figure is for information. */
  promised: Limit | undefined;
}

export type Limit = { below: number } | { atMost: number } | { atLeast: number };

/** `met`, `missed`, or `-` where nothing was promised. */
export function verdict({ value, promised }: Figure): "met" | "missed" | "-" {
  if (promised === undefined) return "-";
  if ("below" in promised) return value < promised.below ? "met" : "missed";
  if ("atMost" in promised) return value <= promised.atMost ? "met" : "missed";
  return value >= promised.atLeast ? "met" : "missed";
}

/** `< 256 MiB` */
export function promiseOf({ promised, unit }: Figure): string {
  if (promised === undefined) return "-";
  if ("below" in promised) return `< ${promised.below} ${unit}`;
  if ("atMost" in promised) return `<= ${promised.atMost} ${unit}`;
  return `>= ${promised.atLeast} ${unit}`;
}

/** `87.4 MiB` */
export function measuredOf({ value, unit }: Figure): string {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least this share of the values does not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError("there is no percentile of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}
