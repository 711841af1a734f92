#!/usr/bin/env node
// Starts the program, or says why this Node cannot.
import { setFlagsFromString } from "node:v8";

const needed = 24;

if (Number.parseInt(process.versions.node, 10) < needed) {
  process.stderr.write(
    `error: celery-node needs Node ${needed} or later, this is ${process.versions.node} [CDT-CELERY-NODE-VERSION]\n` +
      "try: npm install node@24   # in the project's folder: it brings a Node of its own\n",
  );
  process.exit(2);
}
// V8 by itself lets tens of megabytes of garbage lie before it collects, which in a small pod is the larger part of a
// worker. Set before anything is loaded, these keep the space for young objects as small as it begins, and let the old
// one grow by a quarter between collections: more of them, and shorter. Who sets sizes himself is left alone.
if (!/semi[-_]space|heap[-_]growing/.test(`${process.env.NODE_OPTIONS} ${process.execArgv}`)) {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=25");
}

const { main } = await import("#main");
process.exit(await main(process.argv.slice(2)));
