import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, chunks, group, immutableSignature, map, signature, starmap } from "../../src/canvas/compose.ts";
import { canvasWorld, plain, sums } from "./canvas-world.ts";

const add = (...args: number[]) => signature("add", args);
const total = () => signature("total");

/** What each canvas comes to. Those marked were run with Python's Celery 5.2.6, with the same outcome: interop.test.ts. */
const outcomes: [story: string, canvas: () => ReturnType<typeof signature>, value: unknown][] = [
  ["a task", () => add(1, 2), 3],
  ["a chain: each step gets the result of the one before", () => chain(add(1, 2), add(3), add(4)), 10],
  ["an immutable step takes no result", () => chain(add(1, 2), immutableSignature("add", [10, 20])), 30],
  ["chains within chains", () => chain(chain(add(1, 1), add(1)), chain(add(1), chain(add(1)))), 5],
  ["a group", () => group(add(1, 1), add(2, 2)), [2, 4]],
  ["groups within a group are one", () => group(add(1, 1), group(add(2, 2), add(3, 3))), [2, 4, 6]],
  ["a chord", () => chord([add(1, 1), add(2, 2)], total()), 6],
  ["a chord over nothing", () => chord([], total()), 0],
  ["a chord whose body is a chain", () => chord([add(1, 1), add(2, 2)], chain(total(), add(10))), 16],
  [
    "a chord whose body is a group",
    () => chord([add(1, 1), add(2, 2)], group(total(), signature("list"))),
    [6, [[2, 4]]],
  ],
  ["a group in a chain, before another step, is a chord", () => chain(group(add(1, 1), add(2, 2)), total(), add(1)), 7],
  ["a group in the middle", () => chain(add(1, 1), group(add(10), add(20)), total(), add(1)), 35],
  ["a group at the end of a chain", () => chain(add(1, 1), group(add(10), add(20))), [12, 22]],
  ["two groups in a row", () => chain(group(add(1, 1), add(2, 2)), group(total(), total()), total()), 12],
  ["a group of one is that one", () => chain(add(1, 1), group(add(10)), add(100)), 112],
  ["a chord in the middle of a chain", () => chain(add(1, 1), chord([add(10), add(20)], total()), add(5)), 39],
  ["a chord of chains", () => chord([chain(add(1, 1), add(1)), chain(add(2, 2), add(2))], signature("list")), [[3, 6]]],
  [
    "a chord within a chord",
    () => chord([chord([add(1, 1), add(2, 2)], total()), add(10, 10)], signature("list")),
    [[6, 20]],
  ],
  [
    "a chord three deep",
    () => chord([chord([chord([add(1, 1), add(1, 1)], total()), add(3, 3)], total()), add(5, 5)], total()),
    20,
  ],
  [
    "a chain that ends in a group, in the header of a chord, is one value there",
    () => chord([chain(add(1, 1), group(add(10), add(20))), add(3, 3)], signature("list")),
    [[[12, 22], 6]],
  ],
  [
    "a chord with a group for its body, followed by a step",
    () => chain(chord([add(1, 1), add(2, 2)], group(total(), total())), total()),
    12,
  ],
  ["a map", () => map("total", [[1, 2], [3], []]), [3, 3, 0]],
  [
    "a starmap",
    () =>
      starmap("add", [
        [1, 2],
        [3, 4],
      ]),
    [3, 7],
  ],
  [
    "chunks",
    () =>
      chunks(
        "add",
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        2,
      ),
    [[2, 4], [6]],
  ],
  [
    "a chain of groups and chords",
    () => chain(add(1, 1), group(add(1), chain(add(2), add(3))), total(), chord([add(1), add(2)], total())),
    23,
  ],
];

for (const [story, canvas, value] of outcomes) {
  for (const deliveries of [1, 2]) {
    const how = deliveries === 1 ? "" : ", each message delivered twice";
    test(`${story}${how}`, async () => {
      const world = canvasWorld(sums, { deliveries });
      const result = await world.apply(canvas());
      await world.work();
      assert.deepEqual(plain(await result.wait(AbortSignal.timeout(10_000))), value);
      assert.deepEqual(world.refused, []);
      if (deliveries === 2) {
        const twice = new Set(world.runs.map(({ id }) => id)).size;
        const world1 = canvasWorld(sums);
        await world1.apply(canvas());
        await world1.work();
        assert.equal(twice, world1.runs.length, "what is sent again has the ids that it had");
      }
    });
  }
}

test("callbacks get the result, groups among them first, and are the task's children together with the next step", async () => {
  const world = canvasWorld(sums);
  const first = add(1, 1).link(
    signature("list", ["one"]),
    group(signature("list", ["two"])),
    immutableSignature("list"),
  );
  const result = await world.apply(chain(first, add(10)));
  await world.work();
  assert.equal(await result.wait(AbortSignal.timeout(10_000)), 12);
  assert.deepEqual(
    world.runs.map(({ name, args }) => [name, ...args]),
    [["add", 1, 1], ["list", 2, "two"], ["list", 2, "one"], ["list"], ["add", 2, 10]],
  );
  const children = await result.parent!.children();
  const ids = (name: string) => world.runs.filter((run) => run.name === name).map(({ id }) => id);
  assert.deepEqual(
    children.map(({ id, members }) => members?.map((member) => member.id) ?? id),
    [[ids("list")[0]], ids("list")[1], ids("list")[2], ids("add")[1]],
  );
});

test("callbacks of a chord follow its body, callbacks of a group its first member and without its value", async () => {
  const world = canvasWorld(sums);
  await world.apply(chord([add(1, 1), add(2, 2)], total()).link(signature("list", ["chord"])));
  await world.apply(group(add(1, 1), add(2, 2)).link(signature("list", ["group"])));
  await world.apply(chain(add(1, 1), add(1)).link(signature("list", ["chain"])));
  await world.work();
  const lists = world.runs.filter(({ name }) => name === "list").map(({ args }) => args);
  assert.deepEqual(lists.sort(), [[3, "chain"], [6, "chord"], ["group"]].sort());
});

test("what is sent tells root and parent, stamps, queue and the other options of its signature", async () => {
  const world = canvasWorld(sums);
  const second = signature("add", [2], {
    queue: "other",
    priority: 3,
    expires: 60,
    timeLimit: 10,
    softTimeLimit: 5,
    headers: { traceparent: "00-a-b-01" },
    stamps: { night: "2026-01-02" },
    shadow: "sum",
    ignoreResult: true,
    compression: "zlib",
    serializer: "yaml",
    replyTo: "me",
  });
  await world.apply(chain(add(1, 1), second));
  const before = Date.now();
  const first = world.next();
  await world.workOnce(first);
  const [{ address, text }] = world.messages as [{ address: string; text: string }];
  assert.equal(address, '"other"');
  const envelope = JSON.parse(text);
  assert.equal(envelope["content-type"], "application/x-yaml");
  assert.equal(envelope.headers.compression, "application/x-gzip");
  const { headers, properties } = envelope;
  assert.deepEqual(
    [headers.root_id, headers.parent_id, headers.shadow, headers.timelimit, headers.ignore_result, headers.traceparent],
    [first.id, first.id, "sum", [10, 5], true, "00-a-b-01"],
  );
  assert.deepEqual([headers.stamped_headers, headers.stamps], [["night"], { night: "2026-01-02" }]);
  assert.deepEqual([properties.priority, properties.reply_to], [3, "me"]);
  const expires = Date.parse(headers.expires);
  assert.ok(expires >= before + 60_000 && expires <= Date.now() + 60_000);
});

test("an exchange and a routing key take the place of the queue; a route by name that of the default queue", async () => {
  const world = canvasWorld(sums, { route: (name) => (name === "add" ? "sums" : { exchange: "x", routingKey: name }) });
  const callbacks = [
    signature("add", [1]),
    signature("list"),
    signature("list", [], { exchange: "topic", routingKey: "a.b" }),
    starmap("add", [[1, 2]]),
  ];
  await world.apply(add(1, 1).link(...callbacks));
  await world.workOnce(world.next());
  assert.deepEqual(
    world.messages.map(({ address }) => JSON.parse(address)),
    ["sums", { exchange: "x", routingKey: "list" }, { exchange: "topic", routingKey: "a.b" }, "sums"],
  );
});

test("a parent's priority is inherited only where that is set", async () => {
  for (const inheritParentPriority of [true, false]) {
    const world = canvasWorld(sums, { inheritParentPriority });
    await world.apply(chain(add(1, 1).set({ priority: 6 }), add(1)));
    await world.workOnce(world.next());
    assert.equal(world.next().priority, inheritParentPriority ? 6 : 0);
  }
});
