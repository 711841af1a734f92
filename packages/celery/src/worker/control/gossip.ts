import type { Logger } from "pino";
import type { Broker } from "../../broker/broker.ts";
import { isRecord } from "../../message/inert-json.ts";
import { readPlainMessage } from "../../message/plain-envelope.ts";
import type { EventDispatcher } from "../events/event-dispatcher.ts";
import type { LamportClock } from "../events/lamport-clock.ts";

export interface GossipOptions {
  broker: Pick<Broker, "listen">;
  /** Node name. */
  name: string;
  events: EventDispatcher;
  clock: LamportClock;
  log: Logger;
  /** Called with the action of an election about `task` that we have won: a signature, in Celery's form. */
  call: (action: unknown) => Promise<unknown>;
  /** `event_exchange`; `celeryev` by default. */
  exchange?: string;
  /** Unix time in ms. */
  now?: () => number;
}

export interface Gossip {
  /** Stands for an election that remote control has called. */
  election(id: string, topic: string, action: unknown): void;
  stop(): Promise<void>;
}

interface Candidate {
  clock: number;
  /** `host.pid`: decides between equal clocks. */
  node: string;
  topic: string;
  action: unknown;
}

interface Election {
  candidates: Candidate[];
  acknowledgements: number;
  /** We stand for it, so its end concerns us. */
  ours: boolean;
}

/** Elections that are kept in mind; those before them are forgotten. */
const mostElections = 100;
/** Workers, candidates: more of them than any broker has. */
const most = 10_000;

/**
 * Listens to the events about workers: keeps the logical clock up, knows who lives, and takes part in elections (celery 5.6
 * `worker/consumer/gossip.py`). All hear the same events in the same order, and so all find the same winner: the
 * candidate with the lowest clock, or name.
 *
 * @throws the broker's error when it cannot listen now
 */
export async function startGossip(options: GossipOptions): Promise<Gossip> {
  const { broker, name, events, clock, log, call, exchange = "celeryev", now = Date.now } = options;
  const us = `${name}.${process.pid}`;
  const elections = new Map<string, Election>();
  /** Until when the other workers count as alive, in Unix ms. */
  const aliveUntil = new Map<string, number>();

  const queue = `celeryev.${name}`;
  const subscription = await broker.listen({ exchange, routingKey: "worker.#", queue }, hear);

  function hear(raw: string): void {
    try {
      const { body } = readPlainMessage(raw);
      if (isRecord(body)) hearEvent(body);
    } catch (error) {
      log.debug({ err: error }, "an event could not be read");
    }
  }

  function hearEvent(event: Record<string, unknown>): void {
    if (event.type === "worker-elect") stand(event);
    else if (event.type === "worker-elect-ack") acknowledged(event);
    else if (event.hostname === name) clock.forward();
    else {
      clock.adjust(event.clock);
      meet(event);
    }
  }

  function meet({ type, hostname, freq }: Record<string, unknown>): void {
    if (typeof hostname !== "string") return;
    aliveUntil.delete(hostname);
    if (type === "worker-offline" || aliveUntil.size >= most) return;
    // Celery gives a worker up after twice the time between its heartbeats.
    aliveUntil.set(hostname, now() + 2000 * (typeof freq === "number" ? Math.min(freq, 3600) : 60));
  }

  function countOthers(): number {
    for (const [hostname, until] of aliveUntil) if (until <= now()) aliveUntil.delete(hostname);
    return aliveUntil.size;
  }

  function electionOf(id: string): Election {
    const known = elections.get(id);
    if (known) return known;
    const election = { candidates: [], acknowledgements: 0, ours: false };
    elections.set(id, election);
    for (const oldest of elections.keys()) if (elections.size > mostElections) elections.delete(oldest);
    return election;
  }

  function stand(event: Record<string, unknown>): void {
    const { id, clock: theirs, hostname, pid, topic, action } = event;
    if (typeof id !== "string" || typeof theirs !== "number") return;
    const { candidates } = electionOf(id);
    if (candidates.length >= most) return;
    candidates.push({ clock: theirs, node: `${hostname}.${pid}`, topic: String(topic), action });
    events.send("worker-elect-ack", { id });
  }

  function acknowledged({ id }: Record<string, unknown>): void {
    if (typeof id !== "string") return;
    const election = electionOf(id);
    election.acknowledgements++;
    if (!election.ours) return;
    const others = countOthers();
    // As Python, which needs two candidates to compare; alone, one is enough.
    if (election.acknowledgements < others || election.candidates.length < Math.min(2, others + 1)) return;
    elections.delete(id);
    const [winner] = election.candidates.sort((a, b) => a.clock - b.clock || compare(a.node, b.node));
    if (winner) conclude(id, winner);
  }

  function conclude(election: string, winner: Candidate): void {
    log.info({ election, winner: winner.node }, "an election is decided");
    if (winner.node !== us) return;
    if (winner.topic !== "task") {
      log.error({ election, topic: winner.topic }, "we won an election about something that is not known here");
      return;
    }
    Promise.try(call, winner.action).catch((error: unknown) => {
      log.error({ err: error, election }, "the task of an election could not be sent");
    });
  }

  return {
    election(id, topic, action) {
      electionOf(id).ours = true;
      events.send("worker-elect", { id, topic, action: action ?? null, cver: 1 });
    },
    stop: () => subscription.stop(),
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
