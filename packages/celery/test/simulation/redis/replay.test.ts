import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Redis } from "ioredis";
import { startRedis } from "../../../../../testing/redis.ts";
import { without } from "../../../../../testing/require-server.ts";
import { generateOf } from "../generate.ts";
import type { Request } from "../redis-host.ts";
import { simulate } from "../world.ts";
import { type Plain, plain, plainBuffers, plainError } from "./plain.ts";
import type { Reply } from "./reply.ts";

interface Seen {
  request: Request;
  replies: Reply[];
  /** The simulated clock, ms. */
  now: number;
}

test("a real Redis answers all that was asked in simulations as the simulated one did, scripts and all", {
  skip: without("redis-server"),
  timeout: 120_000,
}, async (t) => {
  const server = await startRedis(t);
  const real = new Redis({ host: server.host, port: server.port, protocol: 2 });
  t.after(() => real.disconnect());
  let compared = 0;
  for (const kind of ["ours", "mixed", "clocks"] as const) {
    for (let seed = 1000; seed < 1008; seed++) {
      const seen: Seen[] = [];
      await simulate(generateOf(kind, seed), {
        record: (request, replies, now) => void seen.push({ request, replies, now }),
      });
      await real.flushall();
      compared += await replay(seen, real, `seed ${seed} of ${kind}`);
    }
  }
  t.diagnostic(`${compared} commands`);
  assert.ok(compared > 5_000);
});

async function replay(seen: readonly Seen[], real: Redis, where: string): Promise<number> {
  const sources = new Map<string, string>();
  const compared: Promise<void>[] = [];
  let mutexEnds = Number.POSITIVE_INFINITY;
  for (const { request, replies, now } of seen) {
    // The real one's clock goes on by itself, so that keys with an end are ended by hand.
    if (now >= mutexEnds) void real.del("unacked_mutex");
    if (now >= mutexEnds) mutexEnds = Number.POSITIVE_INFINITY;
    for (const [i, command] of request.commands.entries()) {
      const expected = plain(replies[i]!);
      const asked = isUnknownScript(expected) ? undefined : translate(command, expected, sources);
      if (asked === undefined) continue;
      if (asked[0] === "EVAL") setClock(real, now);
      if (asked[0] === "SET" && expected === "OK") mutexEnds = now + 300_000;
      const [name, ...args] = asked;
      const found = real.callBuffer(name!, ...args.map((arg) => Buffer.from(arg, "latin1")));
      compared.push(
        found.then(plainBuffers, plainError).then((answer) => {
          const wanted = name === "EXISTS" ? 0 : expected;
          assert.deepEqual(answer, wanted, `${where}: ${request.about} ${JSON.stringify(command)}`);
        }),
      );
    }
  }
  await Promise.all(compared);
  return compared.length;
}

const clock = "the simulated clock";

function setClock(real: Redis, now: number): void {
  const microseconds = Math.floor(now * 1000);
  void real.del(clock);
  void real.rpush(clock, Math.floor(microseconds / 1_000_000), microseconds % 1_000_000);
}

/** Scripts read the simulated clock; what would block asks whether there is nothing. Undefined for what cannot be compared. */
function translate(command: readonly string[], expected: Plain, sources: Map<string, string>): string[] | undefined {
  const [name, script, ...rest] = command;
  if (name === "TIME") return undefined;
  if (name === "BRPOP" && expected === null) return ["EXISTS", ...command.slice(1, -1)];
  if (name !== "EVAL" && name !== "EVALSHA") return [...command];
  if (name === "EVAL") sources.set(createHash("sha1").update(script!, "latin1").digest("hex"), script!);
  const source = name === "EVAL" ? script! : sources.get(script!);
  if (source === undefined) return undefined;
  return ["EVAL", source.replaceAll("redis.call('TIME')", `redis.call('LRANGE', '${clock}', 0, 1)`), ...rest];
}

function isUnknownScript(reply: unknown): boolean {
  return typeof reply === "object" && reply !== null && "error" in reply && reply.error === "NOSCRIPT";
}
