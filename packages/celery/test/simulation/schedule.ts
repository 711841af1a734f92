/**
 * What happens in one simulation, as data: who takes part, and step by step what is done to them. Between the steps
 * everybody does by themselves what they do. All times are in ms. `who` counts among those whom it can mean, round and
 * round, so that a step keeps its sense when others are taken out.
 */
export interface Schedule {
  setup: Setup;
  steps: Step[];
}

export interface Setup {
  /** Length of our leases. */
  lease: number;
  /** What our workers take for kombu's visibility timeout. */
  visibilityTimeout: number;
  workers: number;
  /** Messages that one of our workers runs at a time. */
  concurrency: number;
  queues: number;
  peers: PeerSetup[];
}

export interface PeerSetup {
  /** Its own visibility timeout. */
  visibilityTimeout: number;
  /** Time between its scans for what others left. */
  scanEvery: number;
  /** Messages that it holds at most. */
  prefetch: number;
  /** kombu 5.6 restores to the list of the priority, 5.2 to the first list. */
  keepsPriority: boolean;
}

/** How a run of a message's task ends. The last of a message's endings is used again and again. */
export type Ending =
  | { end: "done" }
  | { end: "retry" }
  | { end: "requeue" }
  | { end: "park"; ms: number }
  | { end: "dead-letter"; reason?: string };

export type Step =
  | { do: "pass"; ms: number }
  | {
      do: "publish";
      by: "ours" | "python" | "nobody";
      queue: number;
      priority: number;
      /** How long its task runs. */
      work: number;
      endings: Ending[];
    }
  /** Ends a process at once: now, or in the moment when Redis has run its next command, or when it has sent it (and it is lost). */
  | { do: "kill"; who: number; when: "now" | "answer-lost" | "request-lost" }
  | { do: "stop"; who: number }
  /** Another process in place of one that is dead. */
  | { do: "start"; who: number }
  | { do: "stall"; who: number; ms: number; machineSleeps: boolean }
  /** Breaks the connection for so long; what was sent is lost, or still arrives after we have given it up. */
  | { do: "cut"; who: number; ms: number; arrives: boolean }
  | { do: "slow"; who: number; request: number; answer: number }
  | { do: "set-clock"; who: number; skew: number }
  | { do: "pause-redis"; ms: number }
  /** `lost`: what was written in the last so many ms is not there afterwards. */
  | { do: "restart-redis"; ms: number; lost: number }
  | { do: "jump-redis-clock"; ms: number };
