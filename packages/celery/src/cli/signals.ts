import type { Logger } from "pino";
import type { Worker } from "../worker/options.ts";
import type { ExitCode } from "./command.ts";

export interface SignalOptions {
  /** How long running tasks get after a warm shutdown has begun, in ms. */
  shutdownGrace: number;
  /** The same for a cold one, in ms: 0 cancels them at once (Celery's `worker_soft_shutdown_timeout`). */
  softShutdownTimeout: number;
  /** Celery's `REMAP_SIGTERM`: with `SIGQUIT` TERM means a cold shutdown. */
  remapSigterm: string | undefined;
  /** Whether a terminal may hang up on us: then HUP does not mean "restart", but that nobody is there any more. */
  terminal: boolean;
  log: Logger;
  /** Where signals come from; the process by default. */
  source?: SignalSource;
  /** The end that cannot be waited for; ends the process by default. */
  exit?: (code: ExitCode) => void;
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

export interface WorkerEnd {
  /** 0 when what ran could end by itself, 1 after a cold shutdown. */
  exitCode: 0 | 1;
  /** The same program shall begin anew. */
  restart: boolean;
}

/** A worker whose end is minded. */
export interface MindedWorker {
  ended: Promise<WorkerEnd>;
  /** Begins a warm shutdown for another reason than a signal. */
  shutdown(why: string): void;
}

/**
 * What the worker is about, less and less patient. `soft` is a cold shutdown's own time of grace, skipped where there is
 * none; `gone` ends the process as it is.
 */
type Phase = "running" | "warm" | "soft" | "cold" | "gone";

/** Every answer to a signal: what it leads to from where. */
const answers: Readonly<Record<"TERM" | "INT" | "QUIT" | "HUP", Readonly<Record<Phase, Phase>>>> = {
  TERM: { running: "warm", warm: "soft", soft: "cold", cold: "gone", gone: "gone" },
  INT: { running: "warm", warm: "soft", soft: "cold", cold: "gone", gone: "gone" },
  QUIT: { running: "soft", warm: "soft", soft: "cold", cold: "gone", gone: "gone" },
  HUP: { running: "warm", warm: "warm", soft: "soft", cold: "cold", gone: "gone" },
};

/** A terminal and a launcher such as npm may both bring the same keystroke: within so many ms it is one. */
const sameKeystroke = 300;

/**
 * Ends the worker as signals ask for it, and resolves when it has ended.
 *
 * | signal | first | again |
 * | --- | --- | --- |
 * | TERM | warm | cold |
 * | INT | warm | cold |
 * | QUIT | cold | at once, without an end of its own |
 * | HUP | warm, then the same program anew | |
 *
 * Warm: no new messages, running tasks may end. Cold: running tasks are aborted and their messages given back, after the
 * soft shutdown's time where there is one. With `REMAP_SIGTERM=SIGQUIT` TERM means what QUIT means.
 */
export function mindSignals(worker: Worker, options: SignalOptions): MindedWorker {
  const { log, softShutdownTimeout, source = process, exit = (code) => process.exit(code) } = options;
  const ended = Promise.withResolvers<WorkerEnd>();
  let phase: Phase = "running";
  let restart = false;
  let last = { name: "", at: Number.NEGATIVE_INFINITY };

  function receive(name: keyof typeof answers): void {
    const now = performance.now();
    if (last.name === name && now - last.at < sameKeystroke) return;
    last = { name, at: now };
    const before = phase;
    const meaning = name === "TERM" && /^(SIG)?QUIT$/.test(options.remapSigterm ?? "") ? "QUIT" : name;
    enter(answers[meaning][before], name);
    if (name === "HUP" && before === "running" && !options.terminal) restart = true;
    else if (name !== "HUP") restart = false;
  }

  function enter(wanted: Phase, why: string): void {
    const next = wanted === "soft" && softShutdownTimeout === 0 ? "cold" : wanted;
    const news = next !== phase;
    phase = next;
    if (next === "gone") {
      log.fatal({ signal: why }, "told to end at once: what is held comes back when its lease ends");
      exit(1);
    } else if (!news) {
      log.info({ signal: why, phase }, "stopping already");
    } else if (next === "warm") {
      log.info({ signal: why }, "warm shutdown: running tasks may end; the same signal again ends them");
      void worker.stop({ grace: options.shutdownGrace }).then(done, failed);
    } else if (next === "soft") {
      const seconds = softShutdownTimeout / 1000;
      log.warn({ signal: why, seconds }, "soft shutdown: what has not ended by then is aborted and given back");
      void worker.stop({ grace: softShutdownTimeout }).then(done, failed);
    } else {
      log.warn({ signal: why }, "cold shutdown: running tasks are aborted and given back");
      void worker.stop({ grace: 0 }).then(done, failed);
    }
  }

  function done(): void {
    stopListening();
    ended.resolve({ exitCode: phase === "warm" ? 0 : 1, restart });
  }

  function failed(error: unknown): void {
    stopListening();
    ended.reject(error);
  }

  const listeners = (Object.keys(answers) as (keyof typeof answers)[]).map(
    (name) => [`SIG${name}` as NodeJS.Signals, () => receive(name)] as const,
  );
  for (const [signal, listener] of listeners) source.on(signal, listener);
  function stopListening(): void {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  }

  return {
    ended: ended.promise,
    shutdown(why) {
      if (phase === "running") enter("warm", why);
    },
  };
}
