import type { FaultRow } from "./fault-row.ts";

const base = { lost: "nothing", within: 40 } as const;
const restarts = { ...base, file: "e2e/chaos/restarts.test.ts", lasts: true } as const;
const archives = { ...base, file: "e2e/chaos/two-archives.test.ts", lasts: false } as const;

/** Rows with tests of their own: what stands behind the network fails, or what a proxy plays needs another surrounding. */
export const serverFaults: readonly FaultRow[] = [
  {
    ...archives,
    title: "archive: bits of a package are others, as long as anybody reads",
    answer: "noticed by a checksum; the other archive's copy is read",
    shipped: "the time to read it again",
  },
  {
    ...archives,
    title: "archive: over TLS one bit of a package is another, three times",
    answer: "TLS notices it; the read goes on from the byte that it reached",
    shipped: "0.5 s each",
  },
  {
    ...base,
    file: "e2e/chaos/plain-redis.test.ts",
    title: "Redis: without TLS one bit of a message is another, three times",
    answer: "a message that makes no sense is put aside, and its item is rung again after `manager.rering_after`",
    lost: "nothing; what was put aside stays in the dead-letter list",
    shipped: "10 min 30 s",
    lasts: false,
  },
  {
    ...restarts,
    title: "Redis is killed, and returns after 3 s with nothing",
    answer: "the package goes on, and is recorded; the next sweep rings for what the memory has lost",
    shipped: "35 s after its return",
  },
  {
    ...restarts,
    title: "Redis is flushed",
    answer: "the package goes on, and is recorded; the next sweep rings for what the memory has lost",
    shipped: "35 s",
    lasts: false,
  },
  {
    ...restarts,
    title: "Redis is killed, and returns after 3 s with all that it had",
    answer: "the package goes on, and is recorded; messages are where they were",
    shipped: "5 s after its return",
  },
  {
    ...restarts,
    title: "PostgreSQL crashes in the middle of a package, and returns after 3 s",
    answer: "the package goes on while its claim lasts, and is recorded by the same attempt",
    shipped: "10 s after an outage of up to 60 s; else 45 s",
  },
  {
    ...restarts,
    title: "PostgreSQL crashes before the commit that records a package has reached it",
    answer: "the commit is looked up, not found, and made",
    shipped: "10 s after its return",
  },
  {
    ...restarts,
    title: "PostgreSQL crashes when it has made the commit that records a package, and the answer is lost",
    answer: "the commit is looked up, and found",
    shipped: "10 s after its return",
  },
  {
    ...restarts,
    title: "a worker is killed in the middle of a package",
    answer: "lease and claim run out; another worker goes on from what is durable",
    shipped: "2 min",
    lasts: false,
  },
];
