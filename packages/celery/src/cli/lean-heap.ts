import { setFlagsFromString } from "node:v8";

/**
 * Keeps the heap of a worker near what it holds: V8 by itself lets some 60 MB of garbage lie before it collects, which in
 * a small pod is the larger part. Collections come more often and are shorter. Who sets sizes in NODE_OPTIONS knows
 * better, and is left alone.
 */
export function keepHeapLean(nodeOptions = process.env.NODE_OPTIONS ?? "", execArgv = process.execArgv): void {
  if (/semi[-_]space|heap[-_]growing/.test([nodeOptions, ...execArgv].join(" "))) return;
  // The space for young objects begins small, and stays so; the old space may grow by a quarter between collections.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=25");
}
