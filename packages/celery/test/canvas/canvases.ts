import {
  type Canvas,
  chain,
  chord,
  chunks,
  group,
  immutableSignature,
  map,
  signature,
  starmap,
} from "../../src/canvas/compose.ts";

/** A canvas of the tasks `add`, `total` and `list`, and what it comes to. */
export interface CanvasCase {
  /** Its name in python/canvases.py, which composes the same; none where Celery 5.2.6 itself goes wrong. */
  python?: string;
  story: string;
  canvas(): Canvas;
  value: unknown;
}

const add = (...args: number[]) => signature("add", args);
const total = () => signature("total");
const list = () => signature("list");

export const canvases: readonly CanvasCase[] = [
  { python: "task", story: "a task", canvas: () => add(1, 2), value: 3 },
  {
    python: "chain",
    story: "a chain: each step gets the result of the one before",
    canvas: () => chain(add(1, 2), add(3), add(4)),
    value: 10,
  },
  {
    python: "immutable",
    story: "an immutable step takes no result",
    canvas: () => chain(add(1, 2), immutableSignature("add", [10, 20])),
    value: 30,
  },
  {
    python: "chain_of_chains",
    story: "chains within chains",
    canvas: () => chain(chain(add(1, 1), add(1)), chain(add(1), chain(add(1)))),
    value: 5,
  },
  { python: "group", story: "a group", canvas: () => group(add(1, 1), add(2, 2)), value: [2, 4] },
  {
    python: "group_of_groups",
    story: "groups within a group are one",
    canvas: () => group(add(1, 1), group(add(2, 2), add(3, 3))),
    value: [2, 4, 6],
  },
  { python: "chord", story: "a chord", canvas: () => chord([add(1, 1), add(2, 2)], total()), value: 6 },
  { python: "chord_of_nothing", story: "a chord over nothing", canvas: () => chord([], total()), value: 0 },
  {
    python: "chord_with_chain",
    story: "a chord whose body is a chain",
    canvas: () => chord([add(1, 1), add(2, 2)], chain(total(), add(10))),
    value: 16,
  },
  {
    python: "chord_with_group",
    story: "a chord whose body is a group",
    canvas: () => chord([add(1, 1), add(2, 2)], group(total(), list())),
    value: [6, [[2, 4]]],
  },
  {
    python: "group_first",
    story: "a group in a chain, before another step, is a chord",
    canvas: () => chain(group(add(1, 1), add(2, 2)), total(), add(1)),
    value: 7,
  },
  {
    python: "group_within",
    story: "a group in the middle",
    canvas: () => chain(add(1, 1), group(add(10), add(20)), total(), add(1)),
    value: 35,
  },
  {
    python: "group_last",
    story: "a group at the end of a chain",
    canvas: () => chain(add(1, 1), group(add(10), add(20))),
    value: [12, 22],
  },
  {
    python: "two_groups",
    story: "two groups in a row",
    canvas: () => chain(group(add(1, 1), add(2, 2)), group(total(), total()), total()),
    value: 12,
  },
  {
    python: "group_of_one",
    story: "a group of one is that one",
    canvas: () => chain(add(1, 1), group(add(10)), add(100)),
    value: 112,
  },
  {
    python: "chord_within",
    story: "a chord in the middle of a chain",
    canvas: () => chain(add(1, 1), chord([add(10), add(20)], total()), add(5)),
    value: 39,
  },
  {
    python: "chord_of_chains",
    story: "a chord of chains",
    canvas: () => chord([chain(add(1, 1), add(1)), chain(add(2, 2), add(2))], list()),
    value: [[3, 6]],
  },
  {
    python: "chord_of_chords",
    story: "a chord within a chord",
    canvas: () => chord([chord([add(1, 1), add(2, 2)], total()), add(10, 10)], list()),
    value: [[6, 20]],
  },
  {
    python: "three_chords",
    story: "a chord three deep",
    canvas: () => chord([chord([chord([add(1, 1), add(1, 1)], total()), add(3, 3)], total()), add(5, 5)], total()),
    value: 20,
  },
  {
    python: "group_last_in_header",
    story: "a chain that ends in a group, in the header of a chord, is one value there",
    canvas: () => chord([chain(add(1, 1), group(add(10), add(20))), add(3, 3)], list()),
    value: [[[12, 22], 6]],
  },
  {
    python: "body_group_and_then",
    story: "a chord with a group for its body, followed by a step",
    canvas: () => chain(chord([add(1, 1), add(2, 2)], group(total(), total())), total()),
    value: 12,
  },
  { python: "map", story: "a map", canvas: () => map("total", [[1, 2], [3], []]), value: [3, 3, 0] },
  {
    python: "starmap",
    story: "a starmap",
    canvas: () =>
      starmap("add", [
        [1, 2],
        [3, 4],
      ]),
    value: [3, 7],
  },
  {
    python: "chunks",
    story: "chunks",
    canvas: () =>
      chunks(
        "add",
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        2,
      ),
    value: [[2, 4], [6]],
  },
  {
    python: "mixture",
    story: "a chain of groups and chords",
    canvas: () => chain(add(1, 1), group(add(1), chain(add(2), add(3))), total(), chord([add(1), add(2)], total())),
    value: 23,
  },
];
