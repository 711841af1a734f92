import { clearTimeout, setTimeout as later } from "./clock.ts";

// In place of node:timers/promises.

export function setTimeout<T>(ms?: number, value?: T, options: { signal?: AbortSignal } = {}): Promise<T> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const refuse = () =>
      reject(Object.assign(new Error("the pause was aborted", { cause: signal?.reason }), { code: "ABORT_ERR" }));
    if (signal?.aborted) return refuse();
    const abort = () => {
      clearTimeout(timer);
      refuse();
    };
    const timer = later(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value as T);
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

export function setImmediate(): Promise<void> {
  return new Promise((resolve) => later(() => resolve(), 0));
}
