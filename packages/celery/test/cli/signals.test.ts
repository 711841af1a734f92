import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { mindSignals, type SignalOptions } from "../../src/cli/signals.ts";
import type { Worker } from "../../src/index.ts";

/** A worker that ends when the test says so, and notes how it was told to. */
function minded(t: TestContext, options: Partial<SignalOptions> = {}) {
  const graces: (number | undefined)[] = [];
  const stopped = Promise.withResolvers<void>();
  const exits: number[] = [];
  const stop: Worker["stop"] = ({ grace } = {}) => {
    graces.push(grace);
    return stopped.promise;
  };
  const source = new EventEmitter();
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const { ended, shutdown } = mindSignals({ stop } as Worker, {
    ...{ shutdownGrace: 20_000, softShutdownTimeout: 0, remapSigterm: undefined, terminal: false },
    ...{ log: pino({ level: "silent" }), source: source as never, exit: (code: number) => void exits.push(code) },
    ...options,
  });
  return {
    ...{ graces, exits, ended, shutdown, source },
    /** Signals, a second apart. */
    async give(...signals: string[]) {
      for (const signal of signals) {
        now += 1000;
        source.emit(signal);
      }
    },
    end: () => stopped.resolve(),
  };
}

test("a second signal makes a warm shutdown cold, and a third ends the process as it is", async (t) => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    const world = minded(t);
    await world.give(signal, signal);
    assert.deepEqual([world.graces, world.exits], [[20_000, 0], []]);
    await world.give(signal);
    assert.deepEqual(world.exits, [1]);
    t.mock.restoreAll();
  }
});

test("with a soft shutdown there is one more step: its time, then nothing", async (t) => {
  const world = minded(t, { softShutdownTimeout: 7_000 });
  await world.give("SIGTERM", "SIGQUIT", "SIGQUIT");
  assert.deepEqual([world.graces, world.exits], [[20_000, 7_000, 0], []]);
  world.end();
  assert.deepEqual(await world.ended, { exitCode: 1, restart: false });
});

test("one keystroke that arrives twice, from the terminal and from a launcher, is one", async (t) => {
  const world = minded(t);
  await world.give("SIGINT");
  world.source.emit("SIGINT");
  assert.deepEqual(world.graces, [20_000]);
  world.end();
  assert.deepEqual(await world.ended, { exitCode: 0, restart: false });
});

test("HUP restarts, unless somebody wants an end meanwhile, or a terminal has hung up", async (t) => {
  const restarted = minded(t);
  await restarted.give("SIGHUP", "SIGHUP");
  restarted.end();
  assert.deepEqual(await restarted.ended, { exitCode: 0, restart: true });
  t.mock.restoreAll();

  const ended = minded(t);
  await ended.give("SIGHUP", "SIGTERM");
  ended.end();
  assert.deepEqual(await ended.ended, { exitCode: 1, restart: false });
  t.mock.restoreAll();

  const hungUp = minded(t, { terminal: true });
  await hungUp.give("SIGHUP");
  hungUp.end();
  assert.deepEqual(await hungUp.ended, { exitCode: 0, restart: false });
});

test("a shutdown by remote control is a warm one, and signals still make it colder", async (t) => {
  const world = minded(t);
  world.shutdown("remote control");
  await world.give("SIGTERM");
  assert.deepEqual(world.graces, [20_000, 0]);
});

test("when the worker has ended, signals mean again what they mean to any process", async (t) => {
  const world = minded(t);
  await world.give("SIGTERM");
  world.end();
  await world.ended;
  assert.deepEqual(world.source.eventNames(), []);
});
