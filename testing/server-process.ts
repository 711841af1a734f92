import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

/** Servers that run now; whatever is left when this process ends is killed with it. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface ServerCommand {
  program: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** An unprivileged user to run as; only root can. */
  user?: { uid: number; gid: number } | undefined;
  /** What the kernel sends the server when this process dies in whatever way (default SIGKILL). */
  deathSignal?: "KILL" | "QUIT";
  /** Recognises the line of output that says the server takes connections. */
  ready: RegExp;
}

export interface ServerProcess {
  readonly pid: number;
  /** Fulfilled when it has ended: with its exit code, or with the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | undefined>;
  /** Everything it printed. */
  output(): string;
  /** Sends the signal (default SIGTERM), after 20 s SIGKILL, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a server and waits until it says that it is ready.
 *
 * @throws {Error} with the server's output when it ends before that, or says nothing for 60 s
 */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const child = spawn(...underSetpriv(command), {
    cwd: "/",
    env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC", ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const exited = new Promise<number | NodeJS.Signals | undefined>((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("close", (code, signal) => resolve(signal ?? code ?? undefined));
  }).finally(() => running.delete(child));

  let output = "";
  try {
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error("was not ready after 60 s")), 60_000);
      const read = (chunk: Buffer) => {
        output += chunk.toString();
        if (command.ready.test(output)) settle(resolve);
      };
      const settle = (how: () => void) => {
        clearTimeout(deadline);
        how();
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", (error) => settle(() => reject(error)));
      child.once("exit", (code, signal) => settle(() => reject(new Error(`ended with ${signal ?? code}`))));
    });
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`${command.program} ${(error as Error).message}\n${output}`, { cause: error });
  }

  return {
    pid: child.pid as number,
    exited,
    output: () => output,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      child.kill("SIGCONT");
      const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await exited;
      clearTimeout(patience);
    },
  };
}

/**
 * `setpriv` (util-linux, on every Debian) changes the user, asks the kernel for a signal at the parent's death, and then
 * becomes the program: the pid is the server's own.
 */
function underSetpriv({ program, args, user, deathSignal = "KILL" }: ServerCommand): [string, string[]] {
  if (!existsSync("/usr/bin/setpriv")) return [program, [...args]];
  const identity = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"] : [];
  return ["/usr/bin/setpriv", [...identity, `--pdeathsig=${deathSignal}`, "--", program, ...args]];
}
