import { setFlagsFromString } from "node:v8";

/**
 * Keeps the heap of a worker near what it holds. V8 by itself lets tens of megabytes of garbage lie before it collects,
 * which in a small pod is the larger part of a worker: from here on the space for young objects stays as it is after
 * loading (some 5 MB), and the old one grows by a quarter between collections. Who sets sizes himself is left alone.
 */
export function keepHeapLean(): void {
  const given = [process.env.NODE_OPTIONS ?? "", ...process.execArgv].join(" ");
  if (/semi[-_]space|heap[-_]growing/.test(given)) return;
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=25");
}
