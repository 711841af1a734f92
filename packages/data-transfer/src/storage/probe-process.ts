import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { StorageStalled } from "../errors/destination.ts";
import type { Answer, Question } from "./mount-probe-child.ts";

export interface ProbeProcessOptions {
  path: string;
  root: string;
  writes: boolean;
  /** ms after which a process that nobody asks is ended; a minute by default. */
  idle?: number;
  /** How one that hangs is killed; by SIGKILL. */
  kill?: (hanging: ChildProcess) => void;
}

export interface ProbeProcess {
  /**
   * @param trial  what is to be tried there besides
   * @returns undefined when the process ended before it answered
   * @throws StorageStalled after `seconds`, or at once while the process that was given up still hangs
   */
  ask(seconds: number, trial?: Question["trial"]): Promise<Answer | undefined>;
  stop(): void;
}

/**
 * The process that touches one mount for us. It lives from one look to the next, and ends when nobody has asked for a
 * minute: to start one costs a twentieth of a second of a core, a hundred times what a look costs, and packages may come
 * many a second; but an idle worker pays for none.
 *
 * One that does not answer is given up: killed, and never waited for, since a process in the middle of a system call on a
 * stuck mount does not die before the call ends. For as long as it has not died the mount hangs, so no second one is sent
 * after it.
 */
export function createProbeProcess(options: ProbeProcessOptions): ProbeProcess {
  const { path, root, writes, idle = 60_000, kill = (hanging) => hanging.kill("SIGKILL") } = options;
  const mark = writes ? `.staging-probe-${randomBytes(8).toString("hex")}` : undefined;
  let child: ChildProcess | undefined;
  let hanging: ChildProcess | undefined;
  let questions = 0;
  let idler: NodeJS.Timeout | undefined;

  function running(): ChildProcess {
    if (child !== undefined) return child;
    const started = fork(program, [], {
      env: allowed(process.env),
      execArgv: ["--max-old-space-size=32"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    // Neither it nor what it may say keeps this process from ending.
    started.unref();
    started.channel?.unref();
    started.on("error", () => {});
    started.on("exit", () => {
      if (child === started) child = undefined;
      if (hanging === started) hanging = undefined;
    });
    child = started;
    return started;
  }

  function giveUp(): void {
    if (child === undefined) return;
    hanging = child;
    child = undefined;
    kill(hanging);
    if (hanging.connected) hanging.disconnect();
  }

  function end(): void {
    clearTimeout(idler);
    if (child?.connected) child.disconnect();
    child = undefined;
  }

  return {
    async ask(seconds, trial) {
      if (hanging !== undefined) throw new StorageStalled({ path, seconds });
      clearTimeout(idler);
      const asked = running();
      const answer = await answerOf(asked, { id: ++questions, path, root, mark, trial }, seconds);
      if (answer === "none in time") {
        if (child === asked) giveUp();
        throw new StorageStalled({ path, seconds });
      }
      idler = setTimeout(end, idle);
      idler.unref();
      return answer;
    },
    stop: end,
  };
}

const program = fileURLToPath(new URL("./mount-probe-child.ts", import.meta.url));

/** Our environment may hold secrets and switches: it gets what a program needs in order to start, and nothing else. */
function allowed(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(["LD_LIBRARY_PATH", "TZ"].map((name) => [name, environment[name]]));
}

/** Undefined when the process ends without one. */
function answerOf(
  child: ChildProcess,
  question: Question,
  seconds: number,
): Promise<Answer | "none in time" | undefined> {
  return new Promise((resolve) => {
    const settle = (answer: Answer | "none in time" | undefined) => {
      clearTimeout(timer);
      child.off("message", onMessage).off("exit", onEnd).off("error", onEnd);
      resolve(answer);
    };
    const onMessage = (answer: Answer) => {
      if (answer.id === question.id) settle(answer);
    };
    const onEnd = () => settle(undefined);
    const timer = setTimeout(() => settle("none in time"), seconds * 1000);
    child.on("message", onMessage).on("exit", onEnd).on("error", onEnd);
    child.send(question, (error) => {
      if (error !== null) onEnd();
    });
  });
}
