import assert from "node:assert/strict";
import type { Scope } from "../../../../testing/scope.ts";
import { startServer } from "../../../../testing/server-process.ts";
import { until } from "../world/until.ts";

/** One page of a process's health server. */
export interface Page {
  status: number;
  body: string;
}

/** A line of a process's log. */
export type LogLine = Record<string, unknown> & { level: string; msg?: string };

/** A manager or a worker that runs. */
export interface Service {
  readonly pid: number;
  /** Base address of its health pages. */
  readonly health: string;
  get(page: "/livez" | "/readyz" | "/metrics"): Promise<Page>;
  /** Waits until /readyz is green, or red. */
  ready(is?: boolean): Promise<Page>;
  /** The lines that it has logged so far. */
  log(): LogLine[];
  /** Waits for a line whose fields are these, or match these patterns. */
  logged(fields: Readonly<Record<string, unknown>>): Promise<LogLine>;
  signal(signal: NodeJS.Signals): void;
  /** Fulfilled when it has ended: with its exit code, or with the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | undefined>;
  /** Sends the signal (default SIGTERM) and answers the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | undefined>;
}

/** Starts a long-lived command; its whole output is handed over when the scope ends. */
export async function startService(
  scope: Scope,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  printed: (text: string) => void,
): Promise<Service> {
  const process_ = await startServer({
    program: process.execPath,
    args,
    env,
    ready: /"port":\d+,"msg":"health pages are served"/,
  });
  scope.after(async () => {
    await process_.stop("SIGKILL");
    printed(process_.output());
  });
  const port = /"port":(\d+),"msg":"health pages are served"/.exec(process_.output())![1];
  const health = `http://127.0.0.1:${port}`;
  const service: Service = {
    pid: process_.pid,
    health,
    async get(page) {
      const answer = await fetch(health + page);
      return { status: answer.status, body: await answer.text() };
    },
    async ready(is = true) {
      try {
        return await until(`readiness is ${is ? "green" : "red"}`, async () => {
          const page = await service.get("/readyz");
          return (page.status === 200) === is && page;
        });
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${process_.output()}`, { cause: error });
      }
    },
    log: () =>
      process_
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .flatMap((line) => parsed(line)),
    async logged(fields) {
      try {
        return await until(`a line with ${JSON.stringify(fields)}`, () =>
          service.log().find((line) => Object.entries(fields).every(([name, value]) => fits(line[name], value))),
        );
      } catch (error) {
        assert.fail(`${(error as Error).message}\n${process_.output()}`);
      }
    },
    signal: (signal) => void process.kill(process_.pid, signal),
    exited: process_.exited,
    async stop(signal) {
      await process_.stop(signal);
      return process_.exited;
    },
  };
  return service;
}

/** The last line may not be whole yet. */
function parsed(line: string): LogLine[] {
  try {
    return [JSON.parse(line) as LogLine];
  } catch {
    return [];
  }
}

function fits(found: unknown, wanted: unknown): boolean {
  return wanted instanceof RegExp ? wanted.test(String(found)) : found === wanted;
}
