import fc from "fast-check";
import { encodeTask } from "../../src/message/encode-task.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import type { Shot } from "./ammunition.ts";

/** Names that some other key of the broker or of the result store has, or could be taken for. */
export const keyNames = [
  ...["unacked", "unacked_index", "unacked_mutex", "cdt:leases", "cdt:parked", "cdt:dead-letters", "cdt:epoch"],
  ...["_kombu.binding.celery.pidbox", "_kombu.binding.fuzzed", "celery-taskset-meta-g.j", "celery-task-meta-x"],
];

/**
 * Messages of a task that succeeds (or, named so, fails) and whose embed is anything: signatures that can be sent, some with
 * something wrong in them, and any JSON in their places.
 *
 * @param names  tasks that the worker knows, and the queue
 */
export function embeddedCanvas(names: { succeeds: string; fails: string; queue: string }): fc.Arbitrary<Shot> {
  const anyJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
  const mostly = (usual: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: anyJson });
  const builtins = ["map", "starmap", "chunks", "group", "chain", "chord", "accumulate", "chord_unlock"];
  const tasks = fc.constantFrom(
    ...Array<string>(8).fill(names.succeeds),
    names.fails,
    "nobody.knows",
    ...builtins.map((name) => `celery.${name}`),
  );
  const ids = fc.constantFrom("x", "y", "g", "g.j", "celery");
  const queues = fc.oneof(
    { weight: 6, arbitrary: fc.constant(names.queue) },
    { weight: 1, arbitrary: fc.constantFrom("elsewhere", "", ...keyNames) },
  );

  const { part } = fc.letrec<{ part: unknown }>((tie) => {
    const parts = fc.array(tie("part"), { maxLength: 3 });
    const options = fc.record(
      {
        ...{ task_id: mostly(ids), queue: mostly(queues), group_id: mostly(ids), group_index: mostly(fc.nat(3)) },
        // Where nothing is bound it would be tried for a while.
        ...{ exchange: fc.constantFrom<unknown>("", "fuzzed", null, 7, {}), routing_key: mostly(queues) },
        ...{ eta: mostly(fc.constantFrom("2020-01-01T00:00:00", "2999-01-01T00:00:00+00:00")) },
        ...{ countdown: mostly(fc.constantFrom(0, -1, 0.001, 1e9)), expires: mostly(fc.constantFrom(-1, 60, null)) },
        ...{ priority: mostly(fc.nat(9)), ignore_result: fc.boolean(), retries: mostly(fc.nat(3)) },
        ...{ time_limit: mostly(fc.constantFrom(60, null)), serializer: mostly(fc.constantFrom("json", "yaml")) },
        ...{ link: mostly(parts), link_error: mostly(parts), chain: mostly(parts), chord: mostly(tie("part")) },
        ...{ headers: mostly(fc.constant({ h: 1 })), stamped_headers: mostly(fc.constant(["s"])), s: anyJson },
      },
      { requiredKeys: [] },
    );
    const signature = (task: fc.Arbitrary<unknown>, kind: string | null, kwargs: fc.Arbitrary<unknown>) =>
      fc.record({
        task: mostly(task),
        args: mostly(fc.constantFrom([], [1], [[1, 2]])),
        kwargs: mostly(kwargs),
        options: mostly(fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: options })),
        subtask_type: mostly(fc.constant(kind)),
        immutable: fc.boolean(),
      });
    const composed = (kind: string, kwargs: fc.Arbitrary<unknown>) =>
      signature(fc.constant(`celery.${kind}`), kind, kwargs);
    return {
      part: fc.oneof(
        { depthSize: "small", maxDepth: 4 },
        signature(tasks, null, fc.constant({})),
        anyJson,
        composed("chain", fc.record({ tasks: parts })),
        composed("group", fc.record({ tasks: parts })),
        composed("chord", fc.record({ kwargs: fc.constant({}), header: parts, body: tie("part") })),
        composed("starmap", fc.record({ task: tie("part"), it: mostly(fc.constant([[1], [2]])) })),
      ),
    };
  });

  const several = fc.option(mostly(fc.array(part, { maxLength: 3 })));
  const embeds = fc.record({ callbacks: several, errbacks: several, chain: several, chord: fc.option(part) });
  const group = fc.record({ groupId: ids, groupIndex: fc.nat(2) });
  return fc
    .record({ embed: embeds, fails: fc.boolean(), id: fc.uuid(), group: fc.option(group), priority: fc.nat(9) })
    .map(({ embed, fails, id, group: member, priority }) => {
      const name = fails ? names.fails : names.succeeds;
      const message = { queue: names.queue, name, id, priority, embed: embed as never, ...member };
      return { text: writeEnvelope(encodeTask(message)), priority, ...(!fails && { good: id }) };
    });
}
