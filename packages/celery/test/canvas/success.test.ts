import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, group, immutableSignature, signature, starmap } from "../../src/canvas/compose.ts";
import { canvasWorld, plain, sums } from "./canvas-world.ts";
import { canvases } from "./canvases.ts";

const add = (...args: number[]) => signature("add", args);
const total = () => signature("total");

for (const { story, canvas, value } of canvases) {
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

test("a chord waits for its whole header, though a peer has said the size of a group within as the whole's", async (t) => {
  const world = canvasWorld(sums);
  const started = t.mock.method(world.results, "startChord");
  const header = [chain(add(1, 1), group(add(10), add(20))), add(3, 3)];
  const result = await world.apply(chord(header, signature("list")));
  const groupId = started.mock.calls[0]?.arguments[0] as string;
  // What celery 5.2.6 does in `group._apply_tasks` when its worker sends the group.
  while (world.messages.length > 0) {
    await world.results.startChord(groupId, 2);
    await world.workOnce(world.next());
  }
  assert.deepEqual(plain(await result.wait(AbortSignal.timeout(10_000))), [[[12, 22], 6]]);
  assert.equal(world.runs.filter(({ name }) => name === "list").length, 1);
});

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
