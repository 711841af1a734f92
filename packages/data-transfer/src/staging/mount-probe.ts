import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import { StorageFailed, StorageStalled } from "../errors/destination.ts";
import type { FreeRoom } from "../model/room.ts";
import { createProbeProcess } from "../storage/probe-process.ts";
import { freeRoom, freeRoomOf } from "./space.ts";

export interface MountProbeOptions {
  /** Where packages are written. */
  path: string;
  /** Folder from which on no link is followed. */
  root: string;
  /** Whether a small file may be written, synced, renamed and removed there; else it is only looked at. */
  writes: boolean;
  /** Seconds within which a file system that is well answers. */
  deadline: number;
  /** Seconds between two looks while somebody watches. */
  every: number;
  /** Told after every look: undefined when the file system answered. */
  onLook(error: StorageStalled | StorageFailed | undefined): void;
  log: Logger;
}

/** Tells whether a file system answers, without ever waiting for one that does not. */
export interface MountProbe {
  /**
   * Looks now; who asks at the same time gets the same answer.
   *
   * @returns what is free
   * @throws StorageStalled after the deadline, or after `within` seconds; StorageFailed when it answers with an error
   *   that makes it unusable (EIO, ESTALE). One that is full, or not ours to write to, answers.
   */
  look(within?: number): Promise<FreeRoom>;
  /** Looks now and then until the watch ends. Its signal is aborted with a StorageStalled. */
  watch(): MountWatch;
  stop(): void;
}

export interface MountWatch {
  readonly signal: AbortSignal;
  end(): void;
}

/** While a mount is stuck it is looked at as long as it takes, whether or not anybody watches: readiness is to turn again. */
export function createMountProbe(options: MountProbeOptions): MountProbe {
  const { path, deadline, every, onLook, log } = options;
  const child = createProbeProcess(options);
  const watches = new Set<AbortController>();
  let looking: Promise<FreeRoom> | undefined;
  let stalled = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function lookOnce(): Promise<FreeRoom> {
    try {
      const room = await ask();
      note(undefined);
      return room;
    } catch (error) {
      if (error instanceof StorageStalled || error instanceof StorageFailed) note(error);
      throw error;
    }
  }

  async function ask(): Promise<FreeRoom> {
    const answer = await child.ask(deadline);
    if (answer === undefined) {
      // Killed, or never begun, for want of memory or of processes: no reason to keep packages waiting.
      log.warn({ path }, "the process that looks at the file system has ended; it is looked at without one");
      return await inTime(freeRoom(path), deadline);
    }
    const { statfs, error } = answer;
    const failure = error && translateWriteError(Object.assign(new Error(error.code), error), path, error.syscall);
    if (failure instanceof StorageFailed) throw failure;
    return statfs === undefined ? { bytes: undefined, files: undefined } : freeRoomOf(statfs);
  }

  /** Whoever does not answer in time is not waited for, and what he says later is not listened to. */
  async function inTime<T>(answer: Promise<T>, seconds: number): Promise<T> {
    const patience = new AbortController();
    const tooLong = pause(seconds * 1000, undefined, { signal: patience.signal }).then(() => {
      throw new StorageStalled({ path, seconds });
    });
    for (const ignored of [answer, tooLong]) ignored.catch(() => {});
    return await Promise.race([answer, tooLong]).finally(() => patience.abort());
  }

  function note(error: StorageStalled | StorageFailed | undefined): void {
    if (stopped) return;
    const was = stalled;
    stalled = error instanceof StorageStalled;
    if (stalled && !was) log.error({ code: error?.code, path }, error!.message);
    if (was && !stalled) log.info({ path }, "the file system answers again");
    onLook(error);
    if (stalled) for (const watch of watches) watch.abort(error);
    schedule();
  }

  function schedule(): void {
    if (timer !== undefined || stopped || (watches.size === 0 && !stalled)) return;
    timer = setTimeout(() => {
      timer = undefined;
      // What is wrong has been noted.
      look().then(schedule, schedule);
    }, every * 1000);
    timer.unref();
  }

  function look(): Promise<FreeRoom> {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  return {
    look: (within) => (within === undefined || within >= deadline ? look() : inTime(look(), within)),
    watch() {
      const watch = new AbortController();
      watches.add(watch);
      schedule();
      return { signal: watch.signal, end: () => void watches.delete(watch) };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      child.stop();
    },
  };
}
