import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Scope } from "../../../../testing/scope.ts";

/** What kombu_peer.py understands. */
export type KombuCommand =
  | { do: "publish"; type: string; exchange: string; key: string; body: unknown; priority?: number }
  | { do: "declare" | "consume"; type: string; exchange: string; key: string; queue: string }
  | { do: "lookup"; type: string; exchange: string; key: string }
  | { do: "take" | "ping" };

export interface KombuPeer {
  /** Does it, and answers what Python answers. */
  tell(command: KombuCommand): Promise<unknown>;
}

/** A Python process that speaks kombu, gone when the test ends. Debian's Python, which sees Debian's kombu. */
export async function startKombuPeer(
  scope: Scope,
  url: string,
  transportOptions: Record<string, unknown> = {},
): Promise<KombuPeer> {
  const program = fileURLToPath(new URL("python/kombu_peer.py", import.meta.url));
  const child = spawn("/usr/bin/python3", [program, url, JSON.stringify(transportOptions)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  scope.after(() => {
    child.kill("SIGKILL");
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the kombu peer has ended; its last words are above");
    return JSON.parse(value) as unknown;
  };
  await read();
  return {
    async tell(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return await read();
    },
  };
}
