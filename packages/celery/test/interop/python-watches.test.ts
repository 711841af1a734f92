import assert from "node:assert/strict";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { type Pool, processPool, signature, type Task } from "../../src/index.ts";
import { gate } from "../worker/world.ts";
import holdingApp from "./holding-app.ts";
import { startMixedWorld, transports } from "./mixed-world.ts";
import { peerTasks } from "./peer-tasks.ts";

const skip = without("redis-server", "python3-celery", "openssl");
const options = { skip, timeout: 300_000 };

for (const { transport, tls } of transports) {
  const world = skip ? (undefined as never) : await startMixedWorld({ tls });
  const { python } = world ?? {};

  test(`${transport}: Python sees a task of ours as STARTED, with its own progress, and done`, options, async (t) => {
    const queue = world.queue();
    const slow = gate("slow");
    const progress: Task = {
      name: "progress",
      async run(context) {
        await context.updateState("HALFWAY", { done: 50 });
        return slow.task.run(context);
      },
    };
    const worker = await world.work(t, queue, [slow.task, progress]);
    await python.run(`a = app.send_task("slow", queue="${queue}")`);
    await python.run(`b = app.send_task("progress", queue="${queue}")`);
    await slow.untilBegun(2);
    assert.deepEqual(await python.run(`[a.state, a.info, a.ready(), b.state, b.info]`), [
      "STARTED",
      { pid: process.pid, hostname: worker.name },
      false,
      "HALFWAY",
      { done: 50 },
    ]);
    slow.open("at last");
    const seen = await python.run(`[a.get(timeout=60), a.state, a.successful(), a.date_done.year > 2000]`);
    assert.deepEqual(seen, ["at last", "SUCCESS", true, true]);
    // Who subscribes late finds the result; who forgets it finds nothing.
    assert.deepEqual(await python.run(`[AsyncResult(a.id).get(timeout=60), a.forget(), AsyncResult(a.id).state]`), [
      "at last",
      null,
      "PENDING",
    ]);
  });

  test(`${transport}: with result_extended Python reads who did what with which arguments`, options, async (t) => {
    const queue = world.queue();
    const worker = await world.work(t, queue, peerTasks, { resultExtended: true });
    const seen = await python.run(`
      a = app.send_task("echo", (1, "two"), {"three": 3}, queue="${queue}", retries=1)
      a.get(timeout=60)
      [a.name, a.args, a.kwargs, a.worker, a.retries, a.queue, a.parent, a.children]
    `);
    assert.deepEqual(seen, ["echo", [1, "two"], { three: 3 }, worker.name, 1, queue, null, []]);
  });

  test(`${transport}: Python finds its way from a task to its children and back`, options, async (t) => {
    const queue = world.queue();
    const spreads: Task = {
      name: "spreads",
      async run(context) {
        await context.send(queue, "add", { args: [1, 1] });
        await context.apply(signature("add", [2, 2], { queue }));
        return "spread";
      },
    };
    await world.work(t, queue, [...peerTasks, spreads]);
    const seen = await python.run(`
      own = app.send_task("spreads", queue="${queue}")
      own.get(timeout=60)
      steps = chain(app.signature("add", args=(1, 1)), app.signature("add", args=(1,)), app.signature("add", args=(1,)))
      for step in steps.tasks:
          step.options["queue"] = "${queue}"
      last = steps.apply_async()
      arrived(last)
      first = last.parent.parent
      tree = [value for _, value in first.collect()]
      meta = app.backend.get_task_meta(last.id)
      [sorted(child.get(timeout=60) for child in own.children), tree, meta["parent_id"] == last.parent.id,
       [c.id for c in first.children] == [last.parent.id], own.children[0].id in str(own.children)]
    `);
    assert.deepEqual(seen, [[2, 4], [2, 3, 4], true, true, true]);
  });

  test(`${transport}: groups of Python's, saved by it, are complete when ours has done them`, options, async (t) => {
    const queue = world.queue();
    await world.work(t, queue, peerTasks);
    // Who sent the group waits first: within one process Python tells a result's end to the first object of its id alone
    // (celery 5.2.6, AsyncBackendMixin._add_pending_result), so that the restored ones could wait for ever.
    const seen = await python.run(`
      g = group(app.signature("add", args=(n, n), queue="${queue}") for n in range(5)).apply_async()
      g.save()
      arrived(g)
      again = GroupResult.restore(g.id, backend=app.backend)
      [[r.get(timeout=60) for r in again.results], again.successful(), again.completed_count()]
    `);
    assert.deepEqual(seen, [[0, 2, 4, 6, 8], true, 5]);
  });

  test(`${transport}: failures, retries and what nobody knows are to Python what its own are`, options, async (t) => {
    const queue = world.queue();
    class CorruptSource extends Error {}
    const corrupt: Task = {
      name: "corrupt",
      async run() {
        throw new CorruptSource("m31.fits differs");
      },
    };
    const worker = await world.work(t, queue, [...peerTasks, corrupt]);
    const seen = await python.run(`
      def outcome(name, *args, **options):
          sent = app.send_task(name, args, queue="${queue}", **options)
          try:
              return [sent.get(timeout=60), sent.state]
          except Exception as error:
              return [type(error).__name__, type(error).__module__, list(error.args), sent.state, sent.traceback]
      [outcome("fail", "it's no use"), outcome("again", 2), outcome("nobody.knows"), outcome("corrupt"),
       app.send_task("add", (1, 2), queue="${queue}", ignore_result=True).id]
    `);
    const [failed, again, unknown, own, ignored] = seen as [unknown[], unknown[], unknown[], unknown[], string];
    assert.deepEqual(failed.slice(0, 4), ["ValueError", "builtins", ["it's no use"], "FAILURE"]);
    assert.match(String(failed[4]), /^Traceback \(most recent call last\):\n[\s\S]*ValueError: it's no use/);
    assert.deepEqual(again, [2, "SUCCESS"]);
    assert.deepEqual(unknown.slice(0, 4), ["NotRegistered", "celery.exceptions", ["nobody.knows"], "FAILURE"]);
    // A class that Python does not have is made there, under the same name.
    assert.deepEqual([own[0], own[2]], ["CorruptSource", ["m31.fits differs"]]);
    assert.equal(worker.events.all("task:retried").length, 2);
    await worker.events.until("task:succeeded", ({ id }) => id === ignored);
    assert.equal(await world.results.get(ignored), undefined);
  });

  const pools: Record<string, () => Pool | undefined> = {
    inline: () => undefined,
    process: () => processPool({ app: new URL("holding-app.ts", import.meta.url), concurrency: 1 }),
  };
  for (const [kind, makePool] of Object.entries(pools)) {
    test(`${transport}: Python revokes tasks that wait and tasks that run in our ${kind} pool`, options, async (t) => {
      const queue = world.queue();
      const pool = makePool();
      const worker = await world.work(t, queue, holdingApp.tasks, pool ? { pool } : { concurrency: 1 });
      await python.run(`
        running = app.send_task("holds", queue="${queue}")
        waiting = [app.send_task("holds", queue="${queue}") for _ in range(2)]
        later = app.send_task("holds", queue="${queue}", countdown=600)
        expected = app.send_task("pid", queue="${queue}")
      `);
      const id = await python.run<string>("running.id");
      await worker.events.until("task:started", (event) => event.id === id);
      const received = () => worker.events.all("task:received").length;
      while (received() < 4) await new Promise((resolve) => setTimeout(resolve, 20));
      const seen = await python.run(`
        app.control.revoke([one.id for one in waiting])
        later.revoke()
        def outcome(result):
            try:
                return result.get(timeout=60)
            except Exception as error:
                return [type(error).__name__, type(error).__module__, list(error.args), result.state]
        first = [outcome(one) for one in [*waiting, later]]
        app.control.revoke(running.id, terminate=True)
        [*first, outcome(running), isinstance(outcome(expected), int)]
      `);
      const revoked = (how: string) => ["TaskRevokedError", "celery.exceptions", [how], "REVOKED"];
      assert.deepEqual(seen, [...Array(3).fill(revoked("revoked")), revoked("terminated"), true]);
      const events = worker.events.all("task:revoked").map(({ terminated, signal }) => ({ terminated, signal }));
      assert.deepEqual(events, [
        ...Array(3).fill({ terminated: false, signal: undefined }),
        { terminated: true, signal: "TERM" },
      ]);
    });
  }

  test(`${transport}: Python ends a task that computes without a pause, with its process`, options, async (t) => {
    const queue = world.queue();
    const pool = processPool({ app: new URL("holding-app.ts", import.meta.url), concurrency: 1 });
    const worker = await world.work(t, queue, holdingApp.tasks, { pool });
    await python.run(
      `spinning = app.send_task("spins", queue="${queue}"); after = app.send_task("pid", queue="${queue}")`,
    );
    await worker.events.until("task:started");
    const [before] = worker.facts().pool.processes;
    const seen = await python.run(`
      app.control.revoke(spinning.id, terminate=True, signal="SIGKILL")
      [spinning.get(propagate=False, timeout=60).args[0], spinning.state, after.get(timeout=60)]
    `);
    const [how, state, pid] = seen as unknown[];
    assert.deepEqual([how, state], ["terminated", "REVOKED"]);
    assert.notEqual(pid, before);
  });
}
