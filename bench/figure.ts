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
  /** Of the rounds whose median it is. */
  spread?: { least: number; most: number };
  /** What we are after, and do not promise. */
  ambition?: Limit;
}

export type Limit = { below: number } | { atMost: number } | { atLeast: number };

/** `met`, `missed`, or `-` where nothing was promised. */
export function verdict({ value, promised }: Figure): "met" | "missed" | "-" {
  if (promised === undefined) return "-";
  return holds(value, promised) ? "met" : "missed";
}

/** `reached`, `not yet`, or `-` where there is none. */
export function ambitionOf({ value, unit, ambition }: Figure): string {
  if (ambition === undefined) return "-";
  return `${wording(ambition, unit)}: ${holds(value, ambition) ? "reached" : "not yet"}`;
}

/** `< 256 MiB` */
export function promiseOf({ promised, unit }: Figure): string {
  return promised === undefined ? "-" : wording(promised, unit);
}

/** `87.4 MiB` */
export function measuredOf({ value, unit }: Figure): string {
  return `${rounded(value)} ${unit}`;
}

/** `85.1 to 90.3` */
export function spreadOf({ spread }: Figure): string {
  return spread === undefined ? "-" : `${rounded(spread.least)} to ${rounded(spread.most)}`;
}

function holds(value: number, limit: Limit): boolean {
  if ("below" in limit) return value < limit.below;
  if ("atMost" in limit) return value <= limit.atMost;
  return value >= limit.atLeast;
}

function wording(limit: Limit, unit: string): string {
  if ("below" in limit) return `< ${limit.below} ${unit}`;
  if ("atMost" in limit) return `<= ${limit.atMost} ${unit}`;
  return `>= ${limit.atLeast} ${unit}`;
}

function rounded(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
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
