import { createHash } from "node:crypto";
import { fits } from "./commands/arity.ts";
import type { Commands } from "./commands/command.ts";
import { hashCommands } from "./commands/hashes.ts";
import { keyCommands } from "./commands/keys.ts";
import { listCommands } from "./commands/lists.ts";
import { setCommands } from "./commands/sets.ts";
import { sortedSetCommands } from "./commands/sorted-sets.ts";
import { Keyspace, type Snapshot } from "./keyspace.ts";
import { Failure, type Reply } from "./reply.ts";
import { runScript } from "./script.ts";

export interface SimulatedRedisOptions {
  /** The server's clock, ms since 1970. */
  now: () => number;
  /** Changes the text of scripts as they arrive: to prove that what guards them can be missed. */
  alter?: (source: string) => string;
}

/**
 * A Redis in memory: one command at a time, whole scripts and transactions at once, time from outside. Texts that go in
 * and come out are bytes, each a character.
 */
export class SimulatedRedis {
  readonly space: Keyspace;
  readonly #alter: (source: string) => string;
  /** By digest; a restarted server has forgotten them. */
  #scripts = new Map<string, string>();

  constructor({ now, alter = (source) => source }: SimulatedRedisOptions) {
    this.space = new Keyspace(now);
    this.#alter = alter;
  }

  execute(command: readonly string[]): Reply {
    const [name = "", ...args] = command;
    try {
      switch (name.toUpperCase()) {
        case "EVAL":
          return this.#eval(this.#learn(args[0]!), args);
        case "EVALSHA":
          return this.#eval(this.#scripts.get(args[0]!.toLowerCase()), args);
        case "SCRIPT":
          if (args[0]?.toUpperCase() !== "LOAD") throw new Failure("ERR the simulated SCRIPT knows only LOAD");
          this.#learn(args[1]!);
          return digest(args[1]!);
        default:
          return this.#plain(name, args);
      }
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
  }

  /** `MULTI` ... `EXEC`: nothing comes in between. */
  transaction(commands: readonly (readonly string[])[]): Reply[] {
    return commands.map((command) => this.execute(command));
  }

  snapshot(): Snapshot {
    return this.space.snapshot();
  }

  /** Restarts from what was on the disk. */
  restart(from: Snapshot): void {
    this.space.restore(from);
    this.#scripts.clear();
  }

  #learn(source: string): string {
    const sha = digest(source);
    const known = this.#scripts.get(sha) ?? this.#alter(source);
    this.#scripts.set(sha, known);
    return known;
  }

  #eval(source: string | undefined, [, count, ...rest]: readonly string[]): Reply {
    if (source === undefined) throw new Failure("NOSCRIPT No matching script. Please use EVAL.");
    const keys = Number(count);
    return runScript(source, rest.slice(0, keys), rest.slice(keys), (command) => {
      try {
        return this.#plain(command[0]!, command.slice(1));
      } catch (error) {
        if (error instanceof Failure) return error;
        throw error;
      }
    });
  }

  #plain(name: string, args: string[]): Reply {
    const command = commands.get(name.toUpperCase());
    if (!command) throw new Failure(`ERR unknown command '${name}' (not simulated)`);
    if (!fits(name.toUpperCase(), args.length)) {
      throw new Failure(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
    }
    return command(this.space, args);
  }
}

const commands = new Map(
  Object.entries<Commands[string]>({
    ...keyCommands,
    ...listCommands,
    ...hashCommands,
    ...setCommands,
    ...sortedSetCommands,
  }),
);

/** Of the same text again and again, hence remembered. */
const digests = new Map<string, string>();

function digest(source: string): string {
  const known = digests.get(source);
  if (known !== undefined) return known;
  const sha = createHash("sha1").update(source, "latin1").digest("hex");
  digests.set(source, sha);
  return sha;
}
