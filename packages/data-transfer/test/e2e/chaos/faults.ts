import type { Fault } from "../../../../../testing/fault-proxy.ts";

/** A fault of the network between worker and one of its servers, and what comes of it. docs/reliability.md has them as a table. */
export interface FaultStory {
  server: "archive" | "Redis" | "PostgreSQL";
  fault: Fault;
  /** For so many connections; all of them, for `seconds`, where it is not given. */
  connections?: number;
  /** How long it lasts. */
  seconds?: number;
  /** What is done about it, by itself. */
  answer: string;
  /** Seconds after the fault's end (its beginning, where it hits a number of connections) within which the package is staged. */
  within: number;
}

const mib = 1024 * 1024;

/** Between a worker and each of its servers. Nothing is lost by any of them, nobody has to do anything. */
export const faults: readonly FaultStory[] = [
  {
    ...{ server: "archive", fault: { kind: "latency", ms: 50 }, seconds: 3 },
    ...{ answer: "it takes longer", within: 30 },
  },
  {
    ...{ server: "archive", fault: { kind: "throttle", bytesPerSecond: 4 * mib }, seconds: 3 },
    ...{ answer: "it takes longer", within: 30 },
  },
  {
    ...{ server: "archive", fault: { kind: "cut", after: mib }, connections: 3 },
    ...{ answer: "the read goes on from the byte that it reached", within: 30 },
  },
  {
    ...{ server: "archive", fault: { kind: "truncation", after: mib }, connections: 3 },
    ...{ answer: "noticed by the length; the read goes on from the byte that it reached", within: 30 },
  },
  {
    ...{ server: "archive", fault: { kind: "black hole", after: mib }, connections: 1 },
    ...{ answer: "given up after storage.stall_timeout; the read goes on from the byte that it reached", within: 30 },
  },
  {
    ...{ server: "archive", fault: { kind: "half-open", after: mib }, connections: 1 },
    ...{ answer: "given up after storage.stall_timeout; the read goes on from the byte that it reached", within: 30 },
  },
  {
    ...{ server: "archive", fault: { kind: "bit flip", at: 3 * mib }, connections: 1 },
    ...{ answer: "noticed by the checksum; the package is read once more", within: 40 },
  },
  {
    ...{ server: "archive", fault: { kind: "refusal" }, seconds: 4 },
    ...{ answer: "tried again with growing pauses; then the item waits for its next attempt", within: 60 },
  },
  {
    ...{ server: "Redis", fault: { kind: "latency", ms: 50 }, seconds: 3 },
    ...{ answer: "it takes longer", within: 40 },
  },
  {
    ...{ server: "Redis", fault: { kind: "cut", after: 0 }, seconds: 3 },
    ...{ answer: "the package goes on; the connection is made anew", within: 40 },
  },
  {
    ...{ server: "Redis", fault: { kind: "black hole", after: 0 }, seconds: 8 },
    ...{ answer: "noticed by the deadline of a command; the package goes on meanwhile", within: 60 },
  },
  {
    ...{ server: "Redis", fault: { kind: "half-open", after: 2000 }, connections: 4 },
    ...{ answer: "noticed by the deadline of a command; the package goes on meanwhile", within: 60 },
  },
  {
    ...{ server: "Redis", fault: { kind: "bit flip", at: 3000 }, connections: 3 },
    ...{ answer: "TLS notices it and ends the connection, which is made anew", within: 60 },
  },
  {
    ...{ server: "Redis", fault: { kind: "refusal" }, seconds: 4 },
    ...{ answer: "the package goes on; the connection is made anew", within: 40 },
  },
  {
    ...{ server: "PostgreSQL", fault: { kind: "latency", ms: 50 }, seconds: 3 },
    ...{ answer: "it takes longer", within: 40 },
  },
  {
    ...{ server: "PostgreSQL", fault: { kind: "cut", after: 0 }, seconds: 3 },
    ...{
      answer: "the package goes on while its claim lasts; the end is recorded when the database is back",
      within: 60,
    },
  },
  {
    ...{ server: "PostgreSQL", fault: { kind: "black hole", after: 0 }, seconds: 8 },
    ...{
      answer: "a claim that cannot be renewed is given up by the clock; the next attempt goes on from what is there",
      within: 90,
    },
  },
  {
    ...{ server: "PostgreSQL", fault: { kind: "bit flip", at: 3000 }, connections: 3 },
    ...{ answer: "TLS notices it and ends the connection, which is made anew", within: 60 },
  },
  {
    ...{ server: "PostgreSQL", fault: { kind: "refusal" }, seconds: 4 },
    ...{
      answer: "the package goes on while its claim lasts; the end is recorded when the database is back",
      within: 60,
    },
  },
];

/** As a test is called, and a row of the table. */
export function titleOf({ server, fault: { kind }, connections, seconds }: FaultStory): string {
  const extent = seconds === undefined ? `${connections} connection${connections === 1 ? "" : "s"}` : `${seconds} s`;
  return `${kind} between worker and ${server}, ${extent}`;
}
