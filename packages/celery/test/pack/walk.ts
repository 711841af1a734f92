import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Scope } from "../../../../testing/scope.ts";
import { soon } from "../worker/world.ts";

/** A code block of a document: what stands behind its three backticks, and its lines. */
export interface Block {
  /** `ts app.ts` is a file, `sh` a command, `sh worker` one that stays, `text` what the command before has printed. */
  info: string[];
  text: string;
  /** The heading above it. */
  section: string;
}

export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let section = "";
  for (const [, heading, info, text] of markdown.matchAll(/^## (.*)$|^```(.+)\n([\s\S]*?)^```$/gm)) {
    if (heading !== undefined) section = heading;
    else blocks.push({ info: info!.split(" "), text: text!, section });
  }
  return blocks;
}

export interface Step {
  name: string;
  run(): Promise<void>;
}

/** What a reader does who follows the document to the letter, step by step. */
export function readerSteps(blocks: readonly Block[], reader: Reader): Step[] {
  return blocks.flatMap(({ info: [kind, ...words], text, section }, index): Step[] => {
    const step = (name: string, run: () => Promise<void>) => [{ name: `${section}: ${name}`, run }];
    const file = words.find((word) => word.includes("."));
    if (file !== undefined) return step(`save ${file}`, () => reader.save(file, text));
    if (kind !== "sh") return [];
    if (words.includes("worker")) return step(text.trim(), () => reader.keepRunning(text, / ready\./));
    const next = blocks[index + 1];
    const printed = next?.info[0] === "text" ? next.text : undefined;
    return step(text.trim(), () => reader.type(text, printed));
  });
}

export interface Reader {
  save(file: string, text: string): Promise<void>;
  /** Runs commands; they must succeed, and print this if it is given. */
  type(commands: string, printed: string | undefined): Promise<void>;
  /** Runs a command that stays, until the test ends; waits until it has said that it is there. */
  keepRunning(command: string, said: RegExp): Promise<void>;
}

/** A reader at work in a folder. */
export function readerIn(scope: Scope, folder: string, env: NodeJS.ProcessEnv): Reader {
  const shell = (commands: string): ChildProcess =>
    spawn("bash", ["-e", "-o", "pipefail", "-c", commands], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  return {
    save: (file, content) => writeFile(join(folder, file), content),
    async type(commands, printed) {
      const child = shell(commands);
      const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, "close")]);
      if (child.exitCode !== 0 || (printed !== undefined && stdout !== printed)) {
        throw new Error(`exit code ${child.exitCode}, printed:\n${stdout}\nand said:\n${stderr}`);
      }
    },
    async keepRunning(command, said) {
      const child = shell(command);
      const gone = once(child, "close");
      scope.after(async () => {
        // npx and the shell stand between us and the worker: all of them are one group.
        if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
        await gone;
      });
      let heard = "";
      const ready = Promise.withResolvers<void>();
      child.stderr!.on("data", (chunk: Buffer) => {
        heard += chunk;
        if (said.test(heard)) ready.resolve();
      });
      await soon(Promise.race([ready.promise, gone.then(() => Promise.reject(new Error(`it ended:\n${heard}`)))]));
    },
  };
}
