import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Scope } from "../../../../testing/scope.ts";

type Said = Record<string, unknown> & { event: string };

/** A worker process, and what it says. */
export interface Child {
  /** The next line of that kind, be it said already or to come, within 60 s. Each line is given out once. */
  says(event: string): Promise<Said>;
  tell(line: string): void;
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<void>;
}

/** Starts child-worker.ts; killed when the test ends. */
export async function startChild(scope: Scope, port: number, queue: string, lease: number): Promise<Child> {
  const script = fileURLToPath(new URL("child-worker.ts", import.meta.url));
  const child = spawn(process.execPath, [script, String(port), queue, String(lease)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  scope.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const says = listener(child);
  await says("ready");
  return {
    says,
    exited,
    tell: (line) => child.stdin?.write(`${line}\n`),
    signal: (signal) => child.kill(signal),
  };
}

function listener(child: ChildProcess): Child["says"] {
  const heard: Said[] = [];
  const waiting: { event: string; resolve: (line: Said) => void }[] = [];
  createInterface({ input: child.stdout! }).on("line", (text) => {
    const line = JSON.parse(text) as Said;
    const index = waiting.findIndex(({ event }) => event === line.event);
    if (index < 0) heard.push(line);
    else waiting.splice(index, 1)[0]!.resolve(line);
  });
  return (event) =>
    new Promise((resolve, reject) => {
      const index = heard.findIndex((line) => line.event === event);
      if (index >= 0) return resolve(heard.splice(index, 1)[0]!);
      const late = setTimeout(
        () => reject(new Error(`the worker process never said ${event}; it said ${JSON.stringify(heard)}`)),
        60_000,
      );
      waiting.push({
        event,
        resolve(line) {
          clearTimeout(late);
          resolve(line);
        },
      });
    });
}
