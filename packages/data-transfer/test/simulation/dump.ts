import { contend } from "./postgres/contention.ts";

const [seed, from, to] = process.argv.slice(2).map(Number);
let n = -1;
await contend(seed!, {
  asked(session, text, values, answer, now) {
    n++;
    if (n >= from! && n <= to!)
      process.stdout.write(
        `${n} ${now % 1e6} ${session}: ${text.replaceAll(/\s+/g, " ").trim().slice(0, 150)} ${JSON.stringify(values).slice(0, 100)} => ${"rows" in answer ? JSON.stringify(answer.rows).slice(0, 120) : "failure" in answer ? answer.failure.code : "WAITS " + answer.blocker.by}\n`,
      );
  },
  closed(s) {
    n++;
    process.stdout.write(`${n} closed ${s}\n`);
  },
});
