import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { startPostgres } from "../../../../../testing/postgres.ts";
import { migrations } from "../../../src/opsdb/migrations/migrations.ts";
import type { Recorder } from "../database/database-host.ts";
import { generateOf, type Kind } from "../generate.ts";
import { simulate } from "../world.ts";
import { contend } from "./contention.ts";
import { readSchema } from "./read-schema.ts";
import { type RealAnswer, type RealPostgres, type RealSession, realPostgres } from "./real.ts";
import type { Answer } from "./server.ts";

interface Asked {
  session: string;
  text: string;
  values: readonly unknown[];
  /** Undefined where the connection ended. */
  answer: Answer | undefined;
  now: number;
  moment: number;
}

suite("a real PostgreSQL beside the simulated one", { timeout: 240_000 }, async () => {
  const real = await realPostgres({ after }, await startPostgres({ after }));

  test("has the tables and columns that are read from the migrations", async () => {
    const simulated = readSchema(migrations).flatMap(({ name: table, columns }) =>
      columns.map(({ name }) => `${table}.${name}`),
    );
    const there = (await real.columns()).map(({ table, name }) => `${table}.${name}`);
    assert.deepEqual(simulated.sort(), there.sort());
    assert.ok(there.length > 80);
  });

  test("answers, waits and refuses as it does when many change the same few rows at random", async (t) => {
    let compared = 0;
    let waited = 0;
    for (let seed = 0; seed < 25; seed++) {
      const { asked, recorder } = recording();
      await contend(seed, recorder);
      await real.clear();
      const counts = await replay(asked, real, `contention, seed ${seed}`);
      compared += counts.compared;
      waited += counts.waited;
    }
    t.diagnostic(`${compared} statements, ${waited} of them waited for a lock`);
    assert.ok(compared > 5000 && waited > 10);
  });

  for (const kind of ["calm", "deaths", "freezes", "database", "duplicates", "damage"] satisfies Kind[]) {
    test(`answers all that was asked in simulations (${kind}) as the simulated one did, statement by statement`, async (t) => {
      let compared = 0;
      let waited = 0;
      for (let seed = 500; seed < 502; seed++) {
        const { asked, recorder } = recording();
        await simulate(generateOf(kind, seed), { record: recorder });
        await real.clear();
        const counts = await replay(asked, real, `${kind}, seed ${seed}`);
        compared += counts.compared;
        waited += counts.waited;
      }
      t.diagnostic(`${compared} statements, ${waited} of them waited for a lock`);
      assert.ok(compared > 500);
    });
  }
});

function recording(): { asked: Asked[]; recorder: Recorder } {
  const asked: Asked[] = [];
  return {
    asked,
    recorder: {
      // Whoever asked may change the rows that he is given.
      asked: (session, text, values, answer, now, moment) =>
        asked.push({ session, text, values, answer: "rows" in answer ? structuredClone(answer) : answer, now, moment }),
      closed: (session) => asked.push({ session, text: "", values: [], answer: undefined, now: 0, moment: 0 }),
    },
  };
}

async function replay(asked: readonly Asked[], real: RealPostgres, where: string) {
  const sessions = new Map<string, Promise<RealSession>>();
  const waiting = new Map<string, Promise<RealAnswer>>();
  const blockers = new Set<unknown>();
  let waited = 0;
  const end = async (compared: number) => {
    for (const session of sessions.values()) await (await session).kill();
    return { compared, waited };
  };
  for (const [number, { session: name, text, values, answer, now, moment }] of asked.entries()) {
    if (answer === undefined) {
      await (await sessions.get(name))?.kill();
      waiting.delete(name);
      continue;
    }
    const session = await (sessions.get(name) ?? sessions.set(name, real.session()).get(name)!);
    let there = waiting.get(name);
    waiting.delete(name);
    if (!there) {
      await session.setClock(now, moment);
      there = session.ask(text, values);
    }
    if ("blocker" in answer) {
      // Of two that wait for the same, PostgreSQL lets now this one, now that one go first.
      if (blockers.has(answer.blocker)) return await end(number);
      blockers.add(answer.blocker);
      waiting.set(name, there);
      waited++;
      await untilWaiting(session, there, `${where}, statement ${number}: ${text}`);
      continue;
    }
    assert.deepEqual(
      shown(await inTime(there)),
      shown(answer),
      `${where}, statement ${number} of ${name}: ${text} ${JSON.stringify(values)}`,
    );
  }
  return await end(asked.length);
}

/** What is answered in the simulation does not wait here. */
async function inTime(answer: Promise<RealAnswer>): Promise<RealAnswer> {
  const { promise, resolve } = Promise.withResolvers<RealAnswer>();
  const timer = setTimeout(() => resolve({ failed: "no answer within 20 s" }), 20_000);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What waits in the simulation waits here. */
async function untilWaiting(session: RealSession, answer: Promise<RealAnswer>, what: string): Promise<void> {
  let isAnswered = false;
  void answer.then(() => {
    isAnswered = true;
  });
  const deadline = performance.now() + 20_000;
  while (!(await session.isWaiting())) {
    assert.ok(!isAnswered, `was to wait, and was answered: ${what}`);
    assert.ok(performance.now() < deadline, `was to wait for a lock: ${what}`);
  }
}

/** Without what is another by nature: the order of rows that nobody asked for. */
function shown(answer: RealAnswer | Answer): unknown {
  if ("failed" in answer) return answer;
  if ("failure" in answer) return { failed: answer.failure.code };
  return "rows" in answer ? { rows: answer.rows.map((row) => JSON.stringify(row)).sort() } : answer;
}
