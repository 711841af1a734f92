/**
 * What happens in one simulation, as data: who takes part, and step by step what is done to them. Between the steps
 * everybody does by themselves what they do. All times are in ms. Numbers of processes, items and packages count round and
 * round among those that there are, so that a step keeps its sense when others are taken out.
 */
export interface Schedule {
  setup: Setup;
  steps: Step[];
}

export interface Setup {
  seed: number;
  /** Length of a database claim. */
  claimLease: number;
  /** Length of a broker lease. */
  brokerLease: number;
  workers: number;
  /** Packages that a worker brings at a time. */
  concurrency: number;
  managers: number;
  /** Python workers on the same Redis, which give back what looks old to them. */
  peers: { visibilityTimeout: number; scanEvery: number }[];
  /** How long the archive takes for each file of a package; there are as many packages as members. */
  packages: number[];
  files: number;
  /** A manager's pause between two looks, and between two sweeps. */
  sleepTime: number;
  sweepInterval: number;
  reringAfter: number;
  claimGrace: number;
  maxFailures: number;
  /** A worker's pause between two sweeps of leftovers. */
  leftoversEvery: number;
}

/** In the moment of a process' call: of its disk's (`rename`, `mkdir`, `sync`, ...) or its database's (`UPDATE`, `COMMIT`, ...). */
export interface At {
  call: string;
  nth: number;
  moment: "before" | "after";
}

export type Step =
  | { do: "pass"; ms: number }
  /** `python`: a Python manager sends one message for the whole job. */
  | { do: "request"; packages: number[]; by: "ours" | "python" }
  /** Another message for an item, as it may be there after a restore. */
  | { do: "duplicate"; item: number | "last" }
  | { do: "cancel"; job: number }
  | { do: "retry"; job: number }
  | { do: "pause-location"; ms: number }
  | { do: "kill"; who: number; at?: At }
  /** Its whole machine is gone, and says goodbye to nobody. */
  | { do: "vanish"; who: number; at?: At }
  | { do: "stop"; who: number }
  /** Another process in place of one that is dead. */
  | { do: "start"; who: number }
  | { do: "stall"; who: number; ms: number; at?: At }
  | { do: "cut-redis"; who: number; ms: number; arrives: boolean }
  | { do: "cut-database"; who: number; ms: number; arrives: boolean; lingers: boolean; at?: At }
  | { do: "restart-database"; ms: number }
  | { do: "pause-redis"; ms: number }
  | { do: "restart-redis"; ms: number; lost: number }
  | { do: "flush-redis" }
  | { do: "break-archive"; ms: number }
  /** Somebody changes a file of a package that is published. */
  | { do: "damage"; package: number };
