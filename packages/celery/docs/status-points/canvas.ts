import type { StatusPoint } from "./status-point.ts";

export const canvas: StatusPoint = {
  title: "Canvas",
  promises: [
    {
      promise: "Callbacks, errbacks, chains, groups and chords, nested at will, come to what they come to in Python.",
      tests: [
        ["test/canvas/interop.test.ts", "what Python composes comes to the same in our worker"],
        ["test/canvas/interop.test.ts", "what we compose comes to the same in a Python worker"],
        ["test/canvas/interop.test.ts", "Python's worker and ours do one canvas together, whoever composed it"],
        ["test/canvas/worker-canvas.test.ts", "each canvas comes to what it should, a hundred times at once"],
      ],
    },
    {
      promise: "Chords are ordered or not; one whose member fails fails when all have ended, and says who.",
      tests: [
        ["test/results/chords.conformance.ts", "the last of a chord's members gets all of them"],
        [
          "test/canvas/success.test.ts",
          "a chord waits for its whole header, though a peer has said the size of a group within as the whole's",
        ],
        [
          "test/canvas/failure.test.ts",
          "a chord whose member fails fails when all have ended, says who, and tells its body's errbacks",
        ],
        ["test/canvas/failure.test.ts", "… fails: what waits for it fails, and the errback of the whole is told once"],
      ],
    },
    {
      promise:
        "Immutable signatures take no result of the task before; partial ones get their arguments before their own.",
      tests: [
        [
          "test/canvas/compose.test.ts",
          "a partial is for all that begins at once, a step after that gets nothing of it",
        ],
        ["test/canvas/failure.test.ts", "errbacks are sent with the failed task's id; an immutable one gets nothing"],
      ],
    },
    {
      promise: "replace puts a task or a canvas in a task's place.",
      tests: [
        [
          "test/canvas/replace.test.ts",
          "a task that is replaced by …: its id, callbacks, errbacks, chain and chord are taken over",
        ],
        ["test/canvas/interop.test.ts", "what takes the place of a Python task is done by whom it may concern"],
      ],
    },
    {
      promise: "Stamps are on each task that comes of a canvas.",
      tests: [
        [
          "test/canvas/compose.test.ts",
          "a stamp is on each task, on callbacks and errbacks too, and may not bear the name of an option",
        ],
        [
          "test/canvas/success.test.ts",
          "what is sent tells root and parent, stamps, queue and the other options of its signature",
        ],
      ],
    },
    {
      promise:
        "Celery's built-in tasks are there: map, starmap, chunks, group, chord, chord_unlock, accumulate, backend_cleanup.",
      tests: [
        [
          "test/canvas/builtin-tasks.test.ts",
          "map and starmap run a task of this worker for each item; one that is not here fails",
        ],
        ["test/canvas/builtin-tasks.test.ts", "chunks sends a group of starmaps, and answers what it leads to"],
        ["test/canvas/builtin-tasks.test.ts", "a group and a chord that come as tasks, as from old clients, are sent"],
        ["test/canvas/builtin-tasks.test.ts", "accumulate answers one of its arguments, or all"],
        [
          "test/canvas/builtin-tasks.test.ts",
          "chord_unlock waits until all results are there, and sends the body, or fails it",
        ],
        ["test/canvas/builtin-tasks.test.ts", "a chain is no task, and cleaning up is Redis' own business"],
      ],
    },
    {
      promise: "Canvas is composed and sent from TypeScript, with the types of its results.",
      tests: [
        ["test/canvas/compose.test.ts", "a signature is what Python writes for it, and nothing more"],
        ["test/canvas/compose.test.ts", "the compiler knows arguments and results of tasks that tell their types"],
      ],
    },
    {
      promise: "Wherever a worker dies, another brings the canvas to the same end.",
      tests: [
        [
          "test/canvas/crash.test.ts",
          "…: wherever a worker dies, another comes to the same end and sends nothing under a new id",
        ],
        [
          "test/canvas/worker-canvas.test.ts",
          "a worker is killed in the middle of chords; another finishes them, each body under one id",
        ],
      ],
    },
    {
      promise: "Whatever stands in a message for canvas, it is carried out or refused by name.",
      tests: [
        [
          "test/canvas/malformed.test.ts",
          "whatever stands in a message for canvas, it is carried out or refused, and nothing breaks",
        ],
      ],
    },
  ],
};
