import type { Fault } from "../../../../../testing/fault-proxy.ts";
import type { Behind } from "./chaos-world.ts";
import type { FaultRow } from "./fault-row.ts";

/** A row whose test is made from it: the fault is played while one package is on its way and another is asked for. */
export interface NetworkFault extends FaultRow {
  server: Behind;
  fault: Fault;
  /** How long it is played, in seconds; or else how often it strikes. Without either it strikes what is connected, once. */
  seconds?: number;
  times?: number;
}

const mib = 1024 * 1024;
const slow = { answer: "it takes longer", shipped: "as long as the network takes" };
const readOn = "the read goes on from the byte that it reached";
const givenUp = `given up after \`storage.stall_timeout\`; ${readOn}`;
const triedAgain =
  "a read is tried again `storage.retries` times with growing pauses, from the byte that it reached; then the item waits for" +
  " its next attempt, 30 s to 5 min, and none is counted";
const again = "the package goes on; connections are made anew";
const silence = "noticed when nothing has come for 8 s; the package goes on meanwhile, and is recorded";
const persists = "the package goes on while its claim lasts; what was not recorded is recorded over new connections";
const lookedUp = "what was asked is asked again; a commit is looked up by the attempt's id first";
const unanswered =
  "a statement is given up 5 s after `database.statement_timeout`; a claim that could not be renewed is given up by the" +
  " clock, and the next attempt goes on from what is there";

/** What a proxy plays between worker and manager on one side and a server on the other. */
export const networkFaults: readonly NetworkFault[] = [
  made("archive", "everything comes 100 ms later", { fault: { kind: "latency", ms: 100 }, seconds: 3, ...slow }),
  made("archive", "2 MiB/s", { fault: { kind: "throttle", bytesPerSecond: 2 * mib }, seconds: 3, ...slow }),
  made("archive", "the connection is reset after a MiB, three times", {
    fault: { kind: "cut", after: mib },
    times: 3,
    answer: readOn,
    shipped: "0.5 s each",
  }),
  made("archive", "an answer ends after a MiB as if it were whole, three times", {
    fault: { kind: "truncation", after: mib },
    times: 3,
    answer: `noticed by its length; ${readOn}`,
    shipped: "0.5 s each",
  }),
  made("archive", "a connection falls silent after a MiB", {
    fault: { kind: "black hole", after: mib },
    times: 1,
    answer: givenUp,
    shipped: "61 s",
  }),
  made("archive", "it is told that we are gone, and we are told nothing", {
    fault: { kind: "half-open", told: "server", after: mib },
    times: 1,
    answer: givenUp,
    shipped: "61 s",
  }),
  made("archive", "all connections fall silent, new ones too, for 8 s", {
    fault: { kind: "black hole" },
    seconds: 8,
    answer: triedAgain,
    shipped: "61 s after an outage of up to 6 min; then the next attempt",
  }),
  made("archive", "nothing comes for 5 s, and then everything, late", {
    fault: { kind: "stall" },
    seconds: 5,
    answer: `${givenUp}; what comes late is not looked at`,
    shipped: "61 s",
  }),
  made("archive", "nobody listens for 5 s, which is longer than all tries of an attempt", {
    fault: { kind: "refusal" },
    seconds: 5,
    answer: triedAgain,
    shipped: "8 s after an outage of up to 10 s; then the next attempt",
  }),
  made("archive", "one bit of a package is another", {
    fault: { kind: "bit flip", at: 2 * mib },
    times: 1,
    answer: "noticed by a checksum; the next copy is read, or this one once more",
    shipped: "the time to read it again",
  }),
  made("archive", "bits of the heads of answers are others, eight times", {
    fault: { kind: "bit flip", every: 53 },
    times: 8,
    answer:
      "an answer that is not what was asked for is asked for again; a length that is not the catalogue's once more",
    shipped: "61 s: a length may be one for which is waited",
  }),
  made("Redis", "everything comes 100 ms later", { fault: { kind: "latency", ms: 100 }, seconds: 3, ...slow }),
  made("Redis", "all connections are reset", { fault: { kind: "cut" }, answer: again, shipped: "2 s" }),
  made("Redis", "all connections end as if all had been said", {
    fault: { kind: "truncation" },
    answer: again,
    shipped: "2 s",
  }),
  made("Redis", "the answer to a command is lost with its connection, eight times", {
    fault: { kind: "cut", after: 0 },
    times: 8,
    answer: `${again}; a message that was taken by a lost answer comes back when its lease is over`,
    shipped: "75 s",
  }),
  made("Redis", "all connections fall silent, new ones too, for 10 s", {
    fault: { kind: "black hole" },
    seconds: 10,
    answer: silence,
    shipped: "5 s after its end",
  }),
  made("Redis", "nothing comes for 6 s, and then everything, late", {
    fault: { kind: "stall" },
    seconds: 6,
    answer: `${silence}; what comes late settles nothing that is not ours any more`,
    shipped: "5 s after its end",
  }),
  made("Redis", "it is told that we are gone, and we are told nothing", {
    fault: { kind: "half-open", told: "server" },
    answer: silence,
    shipped: "10 s",
  }),
  made("Redis", "we are told that it is gone, and it is told nothing", {
    fault: { kind: "half-open", told: "client" },
    answer: again,
    shipped: "2 s",
  }),
  made("Redis", "over TLS one bit is another, five times", {
    fault: { kind: "bit flip", at: 10 },
    times: 5,
    answer: `TLS notices it; ${again}`,
    shipped: "4 s each",
  }),
  made("Redis", "nobody listens for 5 s", {
    fault: { kind: "refusal" },
    seconds: 5,
    answer: `${again} within a second of its return`,
    shipped: "2 s after its end",
  }),
  made("PostgreSQL", "everything comes 100 ms later", { fault: { kind: "latency", ms: 100 }, seconds: 3, ...slow }),
  made("PostgreSQL", "all connections are reset", { fault: { kind: "cut" }, answer: persists, shipped: "5 s" }),
  made("PostgreSQL", "all connections end as if all had been said", {
    fault: { kind: "truncation" },
    answer: persists,
    shipped: "5 s",
  }),
  made("PostgreSQL", "the answer to a statement is lost with its connection, eight times", {
    fault: { kind: "cut", after: 0 },
    times: 8,
    answer: lookedUp,
    shipped: "5 s each",
  }),
  made("PostgreSQL", "all connections fall silent, new ones too, for 10 s", {
    fault: { kind: "black hole" },
    seconds: 10,
    answer: unanswered,
    shipped: "10 s after an outage of up to 60 s; else 45 s",
  }),
  made("PostgreSQL", "nothing comes for 6 s, and then everything, late", {
    fault: { kind: "stall" },
    seconds: 6,
    answer: `${unanswered}; what comes late is of an attempt that is not the latest`,
    shipped: "10 s after an outage of up to 60 s; else 45 s",
  }),
  made("PostgreSQL", "it is told that we are gone, and we are told nothing", {
    fault: { kind: "half-open", told: "server" },
    answer: `${unanswered}; connections that lay idle meanwhile are not tried in turn`,
    shipped: "35 s; for what had just been asked on another connection as much again",
  }),
  made("PostgreSQL", "we are told that it is gone, and it is told nothing", {
    fault: { kind: "half-open", told: "client" },
    answer: persists,
    shipped: "5 s",
  }),
  made("PostgreSQL", "over TLS one bit is another, five times", {
    fault: { kind: "bit flip", at: 10 },
    times: 5,
    answer: `TLS notices it; ${persists}`,
    shipped: "5 s each",
  }),
  made("PostgreSQL", "nobody listens for 5 s", {
    fault: { kind: "refusal" },
    seconds: 5,
    answer: persists,
    shipped: "10 s after an outage of up to 60 s; else 45 s",
  }),
];

function made(
  server: Behind,
  what: string,
  rest: Omit<NetworkFault, "file" | "title" | "server" | "lost" | "within" | "lasts">,
): NetworkFault {
  const file = `e2e/chaos/${server.toLowerCase() as Lowercase<Behind>}.test.ts` as const;
  const lasts = rest.seconds !== undefined;
  return { file, title: `${server}: ${what}`, server, lost: "nothing", within: 30, lasts, ...rest };
}
