import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Scope } from "../../../../testing/scope.ts";
import type { Host } from "../../src/cli/run.ts";
import { emptyFolder } from "./program.ts";

/** Surroundings for a program that runs within the test. */
export interface Surroundings extends Host {
  printed(): { stdout: string; stderr: string };
  /** What Kubernetes would show; undefined where there is no such file. */
  terminationMessage(): string | undefined;
}

export function surroundings(
  scope: Scope,
  {
    env = {},
    terminationLog = true,
    terminal = false,
  }: { env?: Record<string, string>; terminationLog?: boolean; terminal?: boolean } = {},
): Surroundings {
  const cwd = emptyFolder(scope);
  const path = join(cwd, "termination-log");
  if (terminationLog) writeFileSync(path, "");
  const stdout = stream(terminal);
  const stderr = stream(terminal);
  return {
    env,
    cwd,
    stdin: stream(terminal).stream as unknown as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    terminationLog: path,
    printed: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
    terminationMessage: () => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
  };
}

function stream(terminal: boolean): { stream: NodeJS.WriteStream; text(): string } {
  const chunks: Buffer[] = [];
  const through = new PassThrough();
  through.on("data", (chunk: Buffer) => chunks.push(chunk));
  const withTerminal = Object.assign(through, { isTTY: terminal, columns: 120 });
  return { stream: withTerminal as unknown as NodeJS.WriteStream, text: () => Buffer.concat(chunks).toString() };
}
