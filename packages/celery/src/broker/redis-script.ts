import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

/** A Lua script and what it answers. */
export type RedisScript<Answer> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Answer>;

/**
 * Loads a script from the folder `lua/` beside a module, behind the shared pieces it uses.
 *
 * Redis keeps scripts by their digest and forgets them when it restarts; the text is sent again when it does not know it.
 *
 * @param module  `import.meta.url` of the module that wants it
 */
export function redisScript<Answer>(module: string, name: string, ...pieces: string[]): RedisScript<Answer> {
  const read = (file: string) => readFileSync(new URL(`./lua/${file}.lua`, module), "utf8");
  const source = [...pieces, name].map(read).join("\n");
  const digest = createHash("sha1").update(source).digest("hex");
  return async (redis, keys, args) => {
    const rest = [keys.length, ...keys, ...args];
    try {
      return (await redis.call("EVALSHA", digest, ...rest)) as Answer;
    } catch (error) {
      if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
      return (await redis.call("EVAL", source, ...rest)) as Answer;
    }
  };
}
