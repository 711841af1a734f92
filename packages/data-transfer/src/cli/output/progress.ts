import { MultiBar, Presets, type SingleBar } from "cli-progress";
import { formatBytes, formatDuration, formatRate, printable } from "./format.ts";
import type { Progress } from "./output.ts";

/** Time between two lines about the same thing where there is no terminal, in ms. */
const lineEvery = 5000;
/** The rate is that of about the last so many ms. */
const rateWindow = 5000;

/**
 * Bars with bytes, rate and time left: they move on a terminal; elsewhere a line is printed at the start, at the end,
 * when the note changes, and every few seconds between.
 */
export function createProgress(
  stream: NodeJS.WriteStream,
  interactive: boolean,
  now = () => performance.now(),
): Progress {
  return interactive ? barsOn(stream, now) : linesOn(stream, now);
}

/** For `--output json`: says nothing. */
export const silentProgress: Progress = { update() {}, say() {}, stop() {} };

function barsOn(stream: NodeJS.WriteStream, now: () => number): Progress {
  const bars = new MultiBar(
    {
      stream,
      format: "{name} {bar} {percentage}%  {state}",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: false,
      // Signals are the command's business; it stops the bars.
      gracefulExit: false,
      noTTYOutput: false,
      fps: 5,
    },
    Presets.shades_classic,
  );
  const known = new Map<string, { bar: SingleBar; meter: Meter }>();
  return {
    update(name, done, total, note) {
      const entry = known.get(name) ?? { bar: bars.create(Math.max(total, 1), 0), meter: createMeter(now) };
      known.set(name, entry);
      entry.bar.setTotal(Math.max(total, 1));
      const shown = printable(name).padEnd(Math.max(...[...known.keys()].map((key) => key.length)));
      // An empty thing that is complete is a full bar.
      entry.bar.update(total === 0 ? 1 : done, { name: shown, state: describe(entry.meter, done, total, note) });
    },
    say: (sentence) => bars.log(`${printable(sentence)}\n`),
    stop: () => bars.stop(),
  };
}

function linesOn(stream: NodeJS.WriteStream, now: () => number): Progress {
  const known = new Map<string, { meter: Meter; printed: number; note: string | undefined; complete: boolean }>();
  return {
    update(name, done, total, note) {
      const entry = known.get(name);
      const meter = entry?.meter ?? createMeter(now);
      const state = describe(meter, done, total, note);
      const complete = done >= total;
      const news = !entry || entry.note !== note || entry.complete !== complete;
      if (!news && now() - entry.printed < lineEvery) return;
      known.set(name, { meter, printed: now(), note, complete });
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      stream.write(`${printable(name)}: ${percent}%  ${state}\n`);
    },
    say: (sentence) => void stream.write(`${printable(sentence)}\n`),
    stop() {},
  };
}

function describe(meter: Meter, done: number, total: number, note: string | undefined): string {
  const rate = meter(done);
  const parts = [`${formatBytes(done)} of ${formatBytes(total)}`];
  if (rate && done < total) parts.push(formatRate(rate), `${formatDuration((total - done) / rate)} left`);
  if (note !== undefined) parts.push(printable(note));
  return parts.join(", ");
}

/** Takes what is done so far and gives bytes per second, undefined while there is too little to tell. */
type Meter = (done: number) => number | undefined;

function createMeter(now: () => number): Meter {
  let samples: { at: number; done: number }[] = [];
  return (done) => {
    const at = now();
    samples = [...samples.filter((sample) => at - sample.at <= rateWindow), { at, done }];
    const first = samples[0]!;
    return at - first.at < 500 || done <= first.done ? undefined : ((done - first.done) * 1000) / (at - first.at);
  };
}
