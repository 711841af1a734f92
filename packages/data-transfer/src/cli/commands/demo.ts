import { mkdir, readdir, rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { drawTree } from "../../demo/draw-tree.ts";
import { fillArchive, folderSources, type Source, sampleSources } from "../../demo/fill-archive.ts";
import { makeSampleData } from "../../demo/sample-data.ts";
import { UsageError } from "../../errors/usage.ts";
import type { DiskDataLocation } from "../../model/location.ts";
import type { Database } from "../../opsdb/database.ts";
import { dropSchema } from "../../opsdb/drop-schema.ts";
import { migrate } from "../../opsdb/migrate.ts";
import { queuesOfLocation } from "../../queues/discover.ts";
import { planStaging } from "../../staging/plan.ts";
import { readProgress } from "../../staging/progress.ts";
import { requestStaging } from "../../staging/request.ts";
import type { CommandContext, CommandDefinition, ExitCode } from "../command.ts";
import { withEmbeddedEngine } from "../engine/embedded.ts";
import { drawUntilEnd } from "../follow-job.ts";
import { formatBytes, formatDuration, formatRate } from "../output/format.ts";
import { applySeed } from "../seed/apply-seed.ts";
import { showProgress } from "../show-progress.ts";
import { withBroker } from "../with-broker.ts";
import { withDatabase } from "../with-database.ts";
import { queueRows, showQueues } from "./list-queues.ts";
import { showPlan } from "./stage-plan.ts";

const destinationName = "ramses_processing";
/** Entries shown of each folder. */
const treeWidth = 2;

export const demo: CommandDefinition<{ input?: string }> = {
  description:
    "Makes raw data packages, archives them, and stages them with the same code as in production. Begins anew each time. Needs ENV_FOR_DYNACONF=demo.",
  options: [
    {
      flags: "--input <folder>",
      description: "pack this folder instead of made-up data: each folder in it is a package",
    },
  ],
  examples: [
    { command: "ENV_FOR_DYNACONF=demo ccat_data_transfer demo", purpose: "with made-up data" },
    { command: "ENV_FOR_DYNACONF=demo ccat_data_transfer demo --input ~/fits", purpose: "with your own" },
  ],
  run(context, { input }) {
    if (context.settings.environment !== "demo") {
      throw new UsageError(
        "the demo begins with an empty database, so it runs in the demo environment alone",
        "ENV_FOR_DYNACONF=demo ccat_data_transfer demo",
      );
    }
    return withDatabase<ExitCode>(context, (db) => runDemo(context, db, input), { migrated: false });
  },
};

async function runDemo(context: CommandContext, db: Database, input: string | undefined): Promise<ExitCode> {
  const { output, settings } = context;
  const directory = resolve(settings.demo.directory);
  const began = performance.now();

  const { archive, processing } = await prepareDatabase(db, directory);
  output.note(`1. database: an embedded PostgreSQL, migrated, with sites ccat and cologne`);
  const sources = await collectSources(context, directory, input);
  const manifests = await fillArchive(db, archive, sources, ({ name }, { package: { size }, files }) => {
    context.signal.throwIfAborted();
    output.note(`   ${name}: ${files.length} files, ${formatBytes(size)}`);
  });
  const names = manifests.map((manifest) => manifest.package.name);
  const archived = (performance.now() - began) / 1000;
  output.note(`2. archive: ${names.length} packages in ${shown(archive.path)}, made in ${formatDuration(archived)}`);

  output.note("3. plan");
  showPlan(
    output,
    await planStaging(db, resolve(settings.staging.root), { packages: names, destination: destinationName }),
  );
  const job = await requestStaging(db, {
    packages: names,
    destination: destinationName,
    requester: "demo",
    lifetime: settings.staging.defaultLifetime,
    priority: 6,
  });
  output.note(`4. request: job ${job.id}; a manager rings the queue, a worker stages`);
  const staging = performance.now();
  const code = await withEmbeddedEngine(context, db, async () => {
    await drawUntilEnd(context, db, job.id);
    const seconds = (performance.now() - staging) / 1000;
    await report(context, db, processing, job.id, seconds);
    output.note("6. list-queues ramses_processing");
    const queues = await queuesOfLocation(db, destinationName);
    return withBroker(context, async (broker) => showQueues(output, await queueRows(broker, queues), true));
  });
  suggest(context, names[0]!, job.id);
  output.note(`the whole demo took ${formatDuration((performance.now() - began) / 1000)}`);
  return code;
}

/** An empty schema, the two sites, an archive on disk and the processing location. */
async function prepareDatabase(db: Database, directory: string) {
  await dropSchema(db);
  await migrate(db);
  for (const folder of ["archive", "processing", "instrument"])
    await rm(join(directory, folder), { recursive: true, force: true });
  await mkdir(join(directory, "processing"), { recursive: true });
  const sites = [
    { name: "CCAT Observatory", shortName: "ccat", location: "Cerro Chajnantor, Chile" },
    { name: "Cologne", shortName: "cologne", location: "Cologne, Germany" },
  ];
  const disk = { storageType: "disk", priority: 0, active: true, host: undefined } as const;
  const locations = [
    {
      site: "cologne",
      location: { ...disk, name: "lta", locationType: "long_term_archive", path: join(directory, "archive") },
    },
    {
      site: "cologne",
      location: { ...disk, name: destinationName, locationType: "processing", path: join(directory, "processing") },
    },
  ] as const;
  const [archive, processing] = await applySeed(
    db,
    { sites, locations: [...locations] },
    "the demo's own list",
    "demo",
  );
  return { archive: archive as DiskDataLocation, processing: processing as DiskDataLocation };
}

async function collectSources(
  { signal }: CommandContext,
  directory: string,
  input: string | undefined,
): Promise<Source[]> {
  if (input !== undefined) return folderSources(input);
  return sampleSources(await makeSampleData(join(directory, "instrument"), { signal }));
}

async function report(
  { output, settings }: CommandContext,
  db: Database,
  processing: DiskDataLocation,
  jobId: number,
  seconds: number,
): Promise<void> {
  const progress = await readProgress(db, jobId);
  showProgress(output, progress);
  const staged = join(processing.path, "staged");
  output.note(`5. staged below ${shown(staged)}`);
  for (const name of (await readdir(staged)).sort()) {
    output.note(`   ${name}`);
    if (!name.includes(".xxh64"))
      for (const line of await drawTree(join(staged, name), treeWidth, "  ")) output.note(`   ${line}`);
  }
  const files = progress.items.length;
  output.note(
    `   verified: ${progress.counts.completed} of ${files} packages, each archive and each file against the catalogue's checksum, ` +
      `${formatBytes(progress.bytesDone)} in ${formatDuration(seconds)} (${formatRate(progress.bytesDone / seconds)})`,
  );
  output.note(`   they stay for ${formatDuration(settings.staging.defaultLifetime)}, then they may be deleted`);
}

function suggest({ output }: CommandContext, packageName: string, jobId: number): void {
  output.note("try next (each starts the demo's database by itself):");
  for (const command of [
    `stage info ${packageName}`,
    `stage verify ${packageName}`,
    `stage request ${packageName} --wait`,
    `stage progress ${jobId}`,
    "stage list",
    "db status",
  ]) {
    output.note(`   ENV_FOR_DYNACONF=demo npx ccat_data_transfer ${command}`);
  }
}

function shown(path: string): string {
  return relative(process.cwd(), path) || path;
}
