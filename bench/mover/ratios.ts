import { type Figure, type Limit, median } from "../figure.ts";
import type { Results } from "./contest.ts";
import type { Contestant } from "./contestants.ts";
import { gibibyte, mebibyte, type SampleSet } from "./sample-set.ts";
import type { Cost } from "./timed-run.ts";

interface Wanted {
  measurement: string;
  what: string;
  promised?: Limit;
  ambition?: Limit;
}

/** How many times as fast `one` was as `other`: the median of the rounds in which both took part. */
export function speedRatio(results: Results, one: Contestant, other: Contestant, wanted: Wanted): Figure {
  return ratio(wanted, pairs(results, other, one), ({ seconds }) => seconds);
}

/** How many times the processor time of `other` that `one` took. */
export function processorRatio(results: Results, one: Contestant, other: Contestant, wanted: Wanted): Figure {
  return ratio(wanted, pairs(results, one, other), ({ processorSeconds }) => processorSeconds);
}

/** In MB/s. */
export function rateOf(results: Results, one: Contestant, set: SampleSet, wanted: Wanted): Figure {
  const rates = costsOf(results, one).map(({ seconds }) => set.total / 1e6 / seconds);
  return { ...wanted, promised: wanted.promised, unit: "MB/s", ...middle(rates) };
}

/** Processor seconds for each GiB. */
export function processorPerGibibyte(results: Results, one: Contestant, set: SampleSet, wanted: Wanted): Figure {
  const used = costsOf(results, one).map(({ processorSeconds }) => (processorSeconds * gibibyte) / set.total);
  return { ...wanted, promised: wanted.promised, unit: "s/GiB", ...middle(used) };
}

/** The largest process of any run. */
export function peakOf(measurement: string, what: string, costs: readonly Cost[]): Figure {
  const value = Math.max(...costs.map(({ peakBytes }) => peakBytes)) / mebibyte;
  return { measurement, what, value, unit: "MiB", promised: { atMost: 256 } };
}

export function costsOf(results: Results, one: Contestant): Cost[] {
  return results.get(one)!.filter((cost) => cost !== undefined);
}

function pairs(results: Results, one: Contestant, other: Contestant): [Cost, Cost][] {
  const others = results.get(other)!;
  return results.get(one)!.flatMap((cost, round): [Cost, Cost][] => {
    const paired = others[round];
    return cost && paired ? [[cost, paired]] : [];
  });
}

function ratio(wanted: Wanted, pairs: readonly [Cost, Cost][], of: (cost: Cost) => number): Figure {
  const ratios = pairs.map(([above, below]) => of(above) / of(below));
  return { ...wanted, promised: wanted.promised, unit: "x", ...middle(ratios) };
}

function middle(values: readonly number[]): Pick<Figure, "value" | "spread"> {
  return { value: median(values), spread: { least: Math.min(...values), most: Math.max(...values) } };
}
