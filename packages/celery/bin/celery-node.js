#!/usr/bin/env node
// Starts the program, or says why this Node cannot.
const needed = 24;

if (Number.parseInt(process.versions.node, 10) < needed) {
  process.stderr.write(
    `error: celery-node needs Node ${needed} or later, this is ${process.versions.node} [CDT-CELERY-NODE-VERSION]\n` +
      "try: npm install node@24   # in the project's folder: it brings a Node of its own\n",
  );
  process.exit(2);
}
const { main } = await import("#main");
process.exit(await main(process.argv.slice(2)));
