import type { AnyCommand } from "./register.ts";

/** A command as the list of commands shows it, and the way to the rest. */
export interface CatalogueEntry {
  /** With its group: `db migrate`. */
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** Its definition, with all the code that it runs. */
  load(): Promise<AnyCommand>;
}

/**
 * Every command, in the order of the help. A program that answers in a fraction of a second cannot read the code of thirty
 * commands first, so each is loaded where it is called for.
 */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: "stage plan",
    summary: "shows what a request would do: packages, bytes, sources, room and time; changes nothing",
    load: async () => (await import("./commands/stage-plan.ts")).stagePlan,
  },
  {
    name: "stage request",
    summary: "asks for packages to be staged",
    load: async () => (await import("./commands/stage-request.ts")).stageRequest,
  },
  {
    name: "stage list",
    summary: "lists staging jobs, the latest first",
    load: async () => (await import("./commands/stage-list.ts")).stageList,
  },
  {
    name: "stage progress",
    summary: "shows where a job stands and why what is not done is not done",
    load: async () => (await import("./commands/stage-progress.ts")).stageProgress,
  },
  {
    name: "stage wait",
    summary: "waits until a job has ended; for batch scripts",
    load: async () => (await import("./commands/stage-wait.ts")).stageWait,
  },
  {
    name: "stage cancel",
    summary: "stops a job: what waits at once, what is on its way within seconds; what is staged stays",
    load: async () => (await import("./commands/stage-cancel.ts")).stageCancel,
  },
  {
    name: "stage retry",
    summary: "another try, now, for every item of a job that failed or waits for its next attempt",
    load: async () => (await import("./commands/stage-retry.ts")).stageRetry,
  },
  {
    name: "stage verify",
    summary: "reads staged packages again and compares every byte with the catalogue",
    load: async () => (await import("./commands/stage-verify.ts")).stageVerify,
  },
  {
    name: "stage release",
    summary: "says that a job's staged data is not needed any longer",
    load: async () => (await import("./commands/stage-release.ts")).stageRelease,
  },
  {
    name: "stage info",
    summary: "lists the absolute paths of staged files",
    load: async () => (await import("./commands/stage-info.ts")).stageInfo,
  },
  {
    name: "worker",
    summary: "consumes the queues of a location and does the work; runs where the data is",
    load: async () => (await import("./commands/worker.ts")).worker,
  },
  {
    name: "manager",
    summary: "watches the database and rings the queues for what is pending; several may run at once",
    load: async () => (await import("./commands/manager.ts")).manager,
  },
  {
    name: "list-queues",
    summary: "lists the queues that the database's locations need, and how each is doing",
    load: async () => (await import("./commands/list-queues.ts")).listQueues,
  },
  {
    name: "db migrate",
    summary: "creates our schema in the database, or brings it up to date",
    load: async () => (await import("./commands/db-migrate.ts")).dbMigrate,
  },
  {
    name: "db status",
    summary: "shows whether the database answers and which migrations our schema has",
    load: async () => (await import("./commands/db-status.ts")).dbStatus,
  },
  {
    name: "db seed",
    summary: "writes sites and locations into the database",
    load: async () => (await import("./commands/db-seed.ts")).dbSeed,
  },
  {
    name: "db sample",
    summary: "puts small sample packages into an S3 archive and into the catalogue, to try staging with",
    load: async () => (await import("./commands/db-sample.ts")).dbSample,
  },
  {
    name: "db inspect",
    summary: "compares our schema, object by object, with what the migrations make",
    load: async () => (await import("./commands/db-inspect.ts")).dbInspect,
  },
  {
    name: "location list",
    summary: "lists the places where data lies, with their queues and pauses",
    load: async () => (await import("./commands/location-list.ts")).locationList,
  },
  {
    name: "location pause",
    summary: "lets nothing new begin at a location; what runs goes on to its end",
    load: async () => (await import("./commands/location-pause.ts")).locationPause,
  },
  {
    name: "location resume",
    summary: "ends a pause: what waited there is taken up again",
    load: async () => (await import("./commands/location-resume.ts")).locationResume,
  },
  {
    name: "location budget",
    summary: "says how much may lie at a location, staged and on its way; what waits for room is tried again",
    load: async () => (await import("./commands/location-budget.ts")).locationBudget,
  },
  {
    name: "package verify",
    summary: "reads a package by all rules of unpacking, and writes nothing",
    load: async () => (await import("./commands/package-verify.ts")).packageVerify,
  },
  {
    name: "package unpack",
    summary: "unpacks a package into a new folder that appears in one step, verified and durable",
    load: async () => (await import("./commands/package-unpack.ts")).packageUnpack,
  },
  {
    name: "package fetch",
    summary: "reads a package from an archive and unpacks it on the way, verified and durable",
    load: async () => (await import("./commands/package-fetch.ts")).packageFetch,
  },
  {
    name: "package manifest",
    summary: "prints the manifest of a package, or of a folder that is to be one",
    load: async () => (await import("./commands/package-manifest.ts")).packageManifest,
  },
  {
    name: "waiver grant",
    summary: "lets a package through that is refused for its links",
    load: async () => (await import("./commands/waiver-grant.ts")).waiverGrant,
  },
  {
    name: "waiver list",
    summary: "lists packages that may break a rule, with who said so and why",
    load: async () => (await import("./commands/waiver-list.ts")).waiverList,
  },
  {
    name: "waiver revoke",
    summary: "holds a package to a rule again; what was staged meanwhile stays",
    load: async () => (await import("./commands/waiver-revoke.ts")).waiverRevoke,
  },
  {
    name: "settings show",
    summary: "shows the settings in force and where each comes from; secrets are masked",
    load: async () => (await import("./commands/settings-show.ts")).settingsShow,
  },
  {
    name: "doctor",
    summary: "checks whether everything is there that staging needs, and says what helps where it is not",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "demo",
    summary: "runs the main job from end to end on an embedded database and broker",
    load: async () => (await import("./commands/demo.ts")).demo,
  },
];

/** Commands with two words stand in a group. */
export const groups: Readonly<Record<string, string>> = {
  stage: "ask for data on the processing file system, and see it come",
  db: "the operations database: create it, look at it, fill it",
  location: "places where data lies: list, pause and resume them, and say what they may hold",
  package: "packages without a database: verify, unpack, fetch, list",
  waiver: "packages that may break a rule of safe unpacking, because somebody answers for it",
  settings: "the settings in force",
};

/** Whether a command line may be about this command: all words of its name stand in it. */
export function mayBeMeant({ name }: CatalogueEntry, argv: readonly string[]): boolean {
  return name.split(" ").every((word) => argv.includes(word));
}
