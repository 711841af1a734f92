import assert from "node:assert/strict";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import type { Task } from "../../src/index.ts";
import { startMixedWorld, transports } from "./mixed-world.ts";
import { peerTasks } from "./peer-tasks.ts";

const skip = without(
  "redis-server",
  "python3-celery",
  "python3-msgpack",
  "python3-yaml",
  "python3-zstandard",
  "python3-brotli",
  "openssl",
);

/** Values as Python writes them, for `echo`, which gives them back. */
const values: Record<string, string> = {
  "numbers of all sizes": "(0, -1, 1.5, 2**53 + 1, 2**63 - 1, -2**63, 1e308, 5e-324)",
  texts: `("", "höhe ✓ 🔭", "\\u0000", 'quotes " and \\'', "\\\\x", "a" * 5000)`,
  "lists, mappings, nothing": `(None, True, False, [], {}, {"deep": [{"er": [1, [2, [3]]]}]}, {"__proto__": 1, "constructor": 2})`,
};
const jsonOnly: Record<string, string> = {
  "integers beyond any machine word": "(2**200, -(10**40), [2**64])",
  "what JSON has no words for": '(float("inf"), float("-inf"))',
  "half of a surrogate pair": '("\\ud800", "x\\udfff")',
};

for (const { transport, tls } of transports) {
  const world = skip ? (undefined as never) : await startMixedWorld({ tls });
  const { python } = world ?? {};
  const options = { skip, timeout: 300_000 };

  for (const serializer of ["json", "msgpack", "yaml"]) {
    test(`${transport}: what Python sends in ${serializer} comes back to it as it was`, options, async (t) => {
      const queue = world.queue();
      await world.work(t, queue, peerTasks);
      const cases = serializer === "json" ? { ...values, ...jsonOnly } : values;
      for (const [what, args] of Object.entries(cases)) {
        const back = await python.run(`
          args = ${args}
          # What a serializer of Python's own makes of it is what we are to give back.
          sent = json.loads(json.dumps([args, {"kw": args}]))
          seen = app.send_task("echo", args, {"kw": args}, queue="${queue}", serializer="${serializer}").get(timeout=60)
          [seen["args"], seen["kwargs"]] == sent or [sent, seen]
        `);
        assert.equal(back, true, what);
      }
    });
  }

  test(`${transport}: NaN arrives, and comes back`, options, async (t) => {
    const queue = world.queue();
    await world.work(t, queue, peerTasks);
    const code = `repr(app.send_task("echo", (float("nan"),), queue="${queue}").get(timeout=60)["args"])`;
    assert.equal(await python.run(code), "[nan]");
  });

  test(
    `${transport}: times, dates and other values of Python's arrive as its JSON and YAML write them`,
    options,
    async (t) => {
      const queue = world.queue();
      await world.work(t, queue, peerTasks);
      const send = (args: string, serializer: string) =>
        python.run(
          `app.send_task("echo", ${args}, queue="${queue}", serializer="${serializer}").get(timeout=60)["args"]`,
        );
      const moment = "datetime.datetime(2026, 11, 23, 8, 30, tzinfo=datetime.timezone.utc)";
      const id = "6f1b9ffe-5c5b-4f5a-9f0e-0d9d3a5f2b11";
      assert.deepEqual(await send(`(${moment}, decimal.Decimal("1.10"), uuid.UUID("${id}"))`, "json"), [
        "2026-11-23T08:30:00Z",
        "1.10",
        id,
      ]);
      // What Python 5.2 reads of a typed value, which it does not know yet, is the object.
      const [day] = (await send("(datetime.date(2026, 11, 23),)", "yaml")) as [Record<string, unknown>];
      assert.deepEqual(day, { __type__: "date", __value__: "2026-11-23" });
      const [bytes] = (await send('(b"\\x00\\xff",)', "msgpack")) as [Record<string, unknown>];
      assert.deepEqual(bytes, { __type__: "base64", __value__: "AP8=" });
    },
  );

  test(
    `${transport}: bodies in every compression of Python's, and in every serializer, are read`,
    options,
    async (t) => {
      const queue = world.queue();
      await world.work(t, queue, peerTasks);
      const seen = await python.run<Record<string, number>>(`
      from kombu import compression
      args = ("m31 " * 10_000, 7)
      sent = {(c, s): app.send_task("echo", args, queue="${queue}", serializer=s, compression=c)
              for c in [*compression.encoders(), "zlib", "gzip", "bzip2", "zstd"] for s in ["json", "msgpack", "yaml"]}
      {f"{c} {s}": result.get(timeout=120)["args"] == list(args) for (c, s), result in sent.items()}
    `);
      assert.ok(Object.keys(seen).length >= 24, JSON.stringify(seen));
      assert.deepEqual(
        Object.entries(seen).filter(([, same]) => !same),
        [],
      );
    },
  );

  for (const protocol of [1, 2]) {
    test(`${transport}: options of a call in protocol ${protocol} are known to our task`, options, async (t) => {
      const queue = world.queue();
      const told: Task = {
        name: "told",
        async run({ request }) {
          const { args, kwargs, retries, priority, expires, eta, replyTo, rootId, headers, groupId } = request;
          return { args, kwargs, retries, priority, expires, eta, replyTo, rootId, groupId, note: headers.note };
        },
      };
      await world.work(t, queue, [told]);
      const seen = await python.run<Record<string, unknown>>(`
        speak(${protocol})
        sent = app.send_task("told", (1,), {"two": 3}, queue="${queue}", retries=2, priority=6, countdown=1, expires=600,
                             reply_to="me", headers={"note": "mine"})
        speak(2)
        [sent.id, time.time(), sent.get(timeout=60)]
      `);
      const [id, now, value] = seen as unknown as [string, number, Record<string, unknown>];
      const { eta, expires, ...rest } = value;
      const time = (typed: unknown) => Date.parse((typed as { __value__: string }).__value__) / 1000;
      assert.ok(Math.abs(time(expires) - now - 600) < 30 && Math.abs(time(eta) - now - 1) < 30);
      assert.deepEqual(
        { ...rest, rootId: rest.rootId ?? null, groupId: rest.groupId ?? null },
        {
          ...{ args: [1], kwargs: { two: 3 }, retries: 2, priority: 6, replyTo: "me", groupId: null },
          // Protocol 1 has none, and its own headers are all that there are.
          rootId: protocol === 2 ? id : null,
          note: "mine",
        },
      );
    });

    test(`${transport}: time in protocol ${protocol}: countdown, eta, what is too late, limits`, options, async (t) => {
      const queue = world.queue();
      const waits: Task = {
        name: "waits",
        async run({ signal }) {
          await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        },
      };
      const clock: Task = { name: "clock", run: async () => Date.now() / 1000 };
      await world.work(t, queue, [waits, clock]);
      const seen = await python.run<Record<string, unknown>>(`
        speak(${protocol})
        send = lambda name, **options: app.send_task(name, queue="${queue}", **options)
        now = time.time()
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        sent = [send("clock", countdown=2), send("clock", eta=later),
                send("clock", expires=datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)),
                send("waits", soft_time_limit=0.5), send("waits", time_limit=0.5)]
        speak(2)
        def outcome(result):
            try:
                return result.get(timeout=60) - now
            except Exception as error:
                return [type(error).__name__, type(error).__module__, result.state]
        [outcome(one) for one in sent]
      `);
      const [countdown, eta, late, soft, hard] = seen as unknown as [number, number, string[], string[], string[]];
      for (const seconds of [countdown, eta]) assert.ok(seconds > 1.9 && seconds < 30, `after ${seconds} s`);
      assert.deepEqual(late, ["TaskRevokedError", "celery.exceptions", "REVOKED"]);
      assert.deepEqual(soft, ["SoftTimeLimitExceeded", "billiard.exceptions", "FAILURE"]);
      assert.deepEqual(hard, ["TimeLimitExceeded", "billiard.exceptions", "FAILURE"]);
    });

    test(`${transport}: callbacks, errbacks and canvas in protocol ${protocol}`, options, async (t) => {
      const queue = world.queue();
      const noted: unknown[] = [];
      const note: Task = { name: "noted", run: async ({ request }) => void noted.push(request.args) };
      await world.work(t, queue, [...peerTasks, note]);
      const seen = await python.run<Record<string, unknown>>(`
        speak(${protocol})
        app.conf.task_default_queue = "${queue}"
        task = lambda name, *args: app.signature(name, args=args, queue="${queue}")
        linked = task("add", 1, 2).apply_async(link=[task("add", 10), task("noted", "linked")])
        failing = task("fail", "why").apply_async(link_error=[task("noted", "failed")])
        canvases = {
            "group": group(task("add", 1, 1), task("add", 2, 2)),
            "chord": chord([task("add", 1, 1), task("add", 2, 2)], task("total")),
        }
        if ${protocol} == 2:
            canvases["chain"] = chain(task("add", 1, 1), task("add", 2), task("add", 3))
            canvases["nested"] = chain(task("add", 1, 1), group(task("add", 1), chain(task("add", 2), task("add", 3))),
                                       task("total"), chord([task("add", 1), task("add", 2)], task("total")))
            canvases["deep chord"] = chord([chord([task("add", 1, 1), task("add", 2, 2)], task("total")),
                                            task("add", 10, 10)], task("total"))
            canvases["failing chord"] = chord([task("add", 1, 1), task("fail", "no")], task("total"))
        sent = {name: canvas.apply_async() for name, canvas in canvases.items()}
        speak(2)
        def outcome(result):
            try:
                return arrived(result)
            except Exception as error:
                return [type(error).__name__, result.state]
        seen = {name: outcome(result) for name, result in sent.items()}
        seen["linked"] = [arrived(linked), sorted(arrived(child) or 0 for child in linked.children)]
        seen["failing"] = [outcome(failing), failing.id]
        seen
      `);
      const { failing, ...rest } = seen as { failing: [unknown, string] };
      const others = {
        chain: 7,
        nested: 23,
        "deep chord": 26,
        // Of the member, as Python asks for the results before first.
        "failing chord": ["ValueError", "FAILURE"],
      };
      assert.deepEqual(rest, { group: [2, 4], chord: 6, linked: [3, [0, 13]], ...(protocol === 2 && others) });
      assert.deepEqual(failing[0], ["ValueError", "FAILURE"]);
      await world.results.waitFor(failing[1], AbortSignal.timeout(30_000));
      while (noted.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(
        new Set(noted.map((args) => JSON.stringify(args))),
        new Set([JSON.stringify([3, "linked"]), JSON.stringify([failing[1], "failed"])]),
      );
    });
  }
}
