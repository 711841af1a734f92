import { Worker } from "node:worker_threads";
import { threadPoolSize } from "./disk-calls.ts";
import type { WriteMemory } from "./write-memory.ts";

/** Files that a thread writes in one go, from shared memory. */
export interface SmallFileBatch {
  id: number;
  /** The memory that they lie in. */
  memory: number;
  /** That memory, the first time that a thread hears of it: each further time would look like as much new memory to V8. */
  buffer: SharedArrayBuffer | undefined;
  /** Their paths, with NUL between them: one text is handed to a thread in a fraction of the time of as many objects. */
  paths: string;
  /** Where each begins in the memory, and its length. */
  places: Uint32Array;
  mode: number;
  /** The process's umask would take bits away from the mode. */
  masked: boolean;
  gid: number | undefined;
  /** What lies there under a file's name already is removed. */
  anew: boolean;
  /** Each is synced before it is closed; else whoever asked does that. */
  sync: boolean;
}

/** The answer to a batch: what failed, by the file's place in it. All others are written and closed, and synced where that was asked for. */
export interface SmallFileReport {
  id: number;
  failures: {
    index: number;
    code: string | undefined;
    errno: number | undefined;
    syscall: string | undefined;
    message: string;
  }[];
}

export type SmallFileJob = Omit<SmallFileBatch, "id" | "memory" | "buffer" | "paths" | "places"> & {
  memory: Pick<WriteMemory, "number" | "buffer">;
  files: { path: string; start: number; length: number }[];
};

const threadCount = 2;
/** Files at once in a thread's hands: each holds a thread of libuv's pool while it is synced. */
const syncedAtOnce = Math.max(4, Math.floor(threadPoolSize() / 4));
/** The same where they are not synced: enough that a thread need not wait for the next ones. */
const writtenAtOnce = 64;

interface Thread {
  worker: Worker;
  /** Files handed over and not yet answered for. */
  load: number;
  /** Memories that it has heard of. */
  memories: Set<number>;
  answers: Map<number, { files: number; settle(report: SmallFileReport): void; fail(error: Error): void }>;
}

let threads: Thread[] | undefined;
const waiting: (() => void)[] = [];
let lastId = 0;

/** Starts the threads, which takes its time, for files that will come soon. */
export function startCrew(): void {
  threads ??= Array.from({ length: threadCount }, startThread);
}

/**
 * Has one of a few threads write files whole. Resolves when all of the batch are written, or have failed.
 * The threads are started by the first call of either function, serve all packages, and keep no process alive.
 */
export async function writeSmallFiles(job: SmallFileJob): Promise<SmallFileReport["failures"]> {
  startCrew();
  for (;;) {
    const thread = (threads as Thread[]).reduce((least, one) => (one.load < least.load ? one : least));
    if (thread.load < (job.sync ? syncedAtOnce : writtenAtOnce)) return await handOver(thread, job);
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
}

function handOver(thread: Thread, job: SmallFileJob): Promise<SmallFileReport["failures"]> {
  const id = ++lastId;
  const { files: all, memory, ...options } = job;
  const files = all.length;
  thread.load += files;
  return new Promise<SmallFileReport["failures"]>((resolve, reject) => {
    thread.answers.set(id, { files, settle: ({ failures }) => resolve(failures), fail: reject });
    thread.worker.ref();
    const { number, buffer } = memory;
    const isKnown = thread.memories.has(number);
    thread.memories.add(number);
    const paths = all.map(({ path }) => path).join("\0");
    const places = new Uint32Array(2 * files);
    for (let index = 0; index < files; index++) {
      const { start, length } = all[index] as (typeof all)[number];
      places[2 * index] = start;
      places[2 * index + 1] = length;
    }
    const known = { id, memory: number, buffer: isKnown ? undefined : buffer };
    thread.worker.postMessage({ ...options, ...known, paths, places } satisfies SmallFileBatch);
  }).finally(() => {
    thread.load -= files;
    if (thread.load === 0) thread.worker.unref();
    for (const wake of waiting.splice(0)) wake();
  });
}

function startThread(): Thread {
  const worker = new Worker(new URL("small-file-thread.ts", import.meta.url), {
    name: "small files",
    execArgv: [],
    // It holds nothing but names: a small heap, collected often.
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32, stackSizeMb: 1 },
  });
  const thread: Thread = { worker, load: 0, memories: new Set(), answers: new Map() };
  worker.on("message", (report: SmallFileReport) => {
    thread.answers.get(report.id)?.settle(report);
    thread.answers.delete(report.id);
  });
  const lost = (error: Error) => {
    threads = threads?.map((one) => (one === thread ? startThread() : one));
    for (const { fail } of thread.answers.values()) fail(error);
    thread.answers.clear();
  };
  worker.on("error", lost);
  worker.on("exit", (code) => lost(new Error(`a thread that writes files has ended with code ${code}`)));
  // Last: whoever listens for messages makes a worker keep its process alive.
  worker.unref();
  return thread;
}
