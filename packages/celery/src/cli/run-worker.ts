import type { Logger } from "pino";
import type { Control } from "../client/control.ts";
import { software } from "../worker/events/software.ts";
import type { Worker } from "../worker/options.ts";
import { createWorker } from "../worker/worker.ts";
import type { AppConnection } from "./app-definition.ts";
import { banner } from "./banner.ts";
import type { CommandContext, ExitCode, LoadedApp } from "./command.ts";
import { connectApp } from "./connect-app.ts";
import { connectPatiently } from "./connect-patiently.ts";
import { dumpWorker } from "./dump.ts";
import { keepHeapLean } from "./lean-heap.ts";
import { maskPasswords } from "./mask.ts";
import { takePidfile } from "./pidfile.ts";
import { purgeQueue } from "./purge-queue.ts";
import { restartProcess } from "./restart.ts";
import { mindSignals, type WorkerEnd } from "./signals.ts";
import type { WorkerInput } from "./worker-input.ts";
import { type Plan, planWorker } from "./worker-plan.ts";

/** Runs an app's worker until it is told to stop. */
export async function runWorker(context: CommandContext, input: WorkerInput): Promise<ExitCode> {
  keepHeapLean();
  const loaded = await context.app();
  const log = loaded.app.options.log ?? context.log(input.loglevel, loaded.app.settings.program.logColor);
  const plan = planWorker(loaded, input, log);
  for (const warning of plan.warnings) log.warn(warning);
  const freePidfile = input.pidfile === undefined ? () => {} : takePidfile(input.pidfile);
  let end: WorkerEnd;
  try {
    end = await workUntilTold(context, loaded, plan, log);
  } finally {
    freePidfile();
  }
  if (end.restart) restartProcess(context.host.env, log);
  return end.exitCode;
}

async function workUntilTold(context: CommandContext, loaded: LoadedApp, plan: Plan, log: Logger): Promise<WorkerEnd> {
  const connection = await connectOrLeave(loaded, log);
  if (connection === undefined) return { exitCode: 0, restart: false };
  try {
    if (plan.purge) await purge(connection, plan, context);
    return await runPlan(context, loaded, plan, connection, log);
  } finally {
    await connection.close();
  }
}

/** Undefined when it was told to stop meanwhile. As process 1 of a container we would not even notice without listening. */
async function connectOrLeave({ app, addresses }: LoadedApp, log: Logger): Promise<AppConnection | undefined> {
  const told = new AbortController();
  const leave = () => told.abort();
  for (const signal of leavingSignals) process.on(signal, leave);
  try {
    const { connectionRetryOnStartup: retry = true, connectionMaxRetries: maxRetries = 100 } = app.settings.program;
    const connect = (signal: AbortSignal) => connectApp(app, addresses, { signal, log });
    return await connectPatiently(connect, { retry, maxRetries, log, signal: told.signal });
  } catch (error) {
    if (told.signal.aborted) return undefined;
    throw error;
  } finally {
    for (const signal of leavingSignals) process.off(signal, leave);
  }
}

const leavingSignals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] as const;

async function runPlan(
  context: CommandContext,
  { app, module, addresses }: LoadedApp,
  plan: Plan,
  { broker, results, control }: AppConnection,
  log: Logger,
): Promise<WorkerEnd> {
  const worker: Worker = createWorker({
    ...plan.options,
    ...{ broker, results, log },
    onShutdown: () => minded.shutdown("remote control"),
  });
  const minded = mindSignals(worker, {
    ...plan.stopping,
    remapSigterm: context.host.env.REMAP_SIGTERM,
    terminal: process.stdout.isTTY === true,
    log,
  });
  const dump = () => dumpWorker(worker, log);
  const lastWords = (error: Error) => log.fatal({ err: error }, lastSentence);
  process.on("SIGUSR1", dump);
  process.on("uncaughtExceptionMonitor", lastWords);
  try {
    if (!context.quiet) {
      const text = banner({
        name: worker.name,
        version: software.sw_ver,
        app: module?.path ?? "",
        broker: maskPasswords(addresses.broker ?? ""),
        results: addresses.backend === undefined ? undefined : maskPasswords(addresses.backend),
        concurrency: worker.facts().concurrency,
        pool: worker.facts().pool.implementation,
        events: plan.options.events ?? false,
        lease: broker.lease / 1000,
        queues: plan.options.queues,
        tasks: app.tasks.map(({ name }) => name),
      });
      context.host.stderr.write(text);
    }
    if (plan.options.mingle) await warnOfNamesake(control, worker.name, log);
    await worker.start();
    log.info({ worker: worker.name }, `${worker.name} ready.`);
    return await minded.ended;
  } finally {
    process.off("SIGUSR1", dump);
    process.off("uncaughtExceptionMonitor", lastWords);
  }
}

/** Requests of remote control, and presence, go by the node's name: two of one name get in each other's way. */
async function warnOfNamesake(control: Control, name: string, log: Logger): Promise<void> {
  const replies = await control.ping({ destination: [name], timeout: 500 });
  if (name in replies)
    log.warn({ worker: name }, `another worker is named ${name}: give one of them another name with -n`);
}

/**
 * Node then ends the process, and it is right: nobody knows what is still sound. What was held comes back when its lease
 * ends, with one more death, so that a task that does this each time is put aside in the end.
 */
const lastSentence = "an error that nobody has caught ends the worker: await every promise, or use the process pool";

async function purge({ broker }: AppConnection, plan: Plan, { output }: CommandContext): Promise<void> {
  for (const queue of plan.options.queues) {
    const name = typeof queue === "string" ? queue : queue.name;
    const count = await purgeQueue(broker, name);
    output.note(`purge: ${count} messages of the queue ${name} are thrown away`);
  }
}
