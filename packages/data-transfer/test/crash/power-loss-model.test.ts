import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenPromises } from "./kept-promise.ts";
import type { Operation } from "./power-loss-model.ts";

const promised = { root: "/d", target: "/d/package", files: { "a.fits": 100, "folder/b.fits": 50 } };

test("a program that does it right keeps its promise whenever the power fails", () => {
  assert.deepEqual(brokenPromises(program(), promised), []);
});

const mistakes: [what: string, forgotten: string, finding: string][] = [
  ["to sync a file", "sync /d/tree/a.fits", "a.fits is not whole after rename /d/tree"],
  ["to sync a file in a folder", "sync /d/tree/folder/b.fits", "folder/b.fits is not whole after rename /d/tree"],
  ["to sync a folder", "sync /d/tree/folder", "folder/b.fits is missing after rename /d/tree"],
  ["to sync the tree", "sync /d/tree", "a.fits is missing after rename /d/tree"],
  ["to sync the parent", "sync /d", "the package is gone at the end"],
  ["to write a file", "write /d/tree/a.fits", "a.fits is not whole after rename /d/tree"],
  ["to rename", "rename /d/tree", "the package is gone at the end"],
];

for (const [what, forgotten, finding] of mistakes) {
  test(`one that forgets ${what} is caught`, () => {
    const operations = program().filter(({ call, path }) => `${call} ${path}` !== forgotten);
    assert.equal(operations.length, program().length - 1);
    assert.ok(brokenPromises(operations, promised).includes(finding), brokenPromises(operations, promised).join("\n"));
  });
}

test("one that renames before it syncs a file is caught", () => {
  const steps = program();
  const from = steps.findIndex(({ call }) => call === "sync");
  const rename = steps.find(({ call }) => call === "rename") as Operation;
  const behind = steps.slice(from).filter((step) => step !== rename);
  const moved = behind.map((step) => ({ ...step, path: step.path.replace("/d/tree", "/d/package") }));
  const early = oneAfterTheOther([...steps.slice(0, from), rename, ...moved]);
  assert.ok(brokenPromises(early, promised).includes("a.fits is missing after rename /d/tree"));
  assert.ok(brokenPromises(early, promised).includes("folder/b.fits is not whole after sync /d/package/a.fits"));
});

test("a sync speaks for what had returned before it began, and for nothing else", () => {
  const late = program().map((one) =>
    one.call === "write" && one.path.endsWith("a.fits") ? { ...one, ended: one.ended + 5.5 } : one,
  );
  assert.ok(brokenPromises(late, promised).includes("a.fits is not whole after rename /d/tree"));
});

test("one call for the whole file system stands for all syncs below it, and not for what comes after it", () => {
  const all: Step = { call: "sync all", path: "/d" };
  const below = ({ call, path }: Step) => call === "sync" && path !== "/d";
  const steps = program();
  const rename = steps.findIndex(({ call }) => call === "rename");
  const together = steps.toSpliced(rename, 0, { ...all, began: 0, ended: 0 }).filter((step) => !below(step));
  assert.deepEqual(brokenPromises(oneAfterTheOther(together), promised), []);
  const write = together.findIndex(({ call, path }) => call === "write" && path.endsWith("b.fits"));
  const late = together.toSpliced(write, 1);
  const at = late.findIndex(({ call }) => call === "rename");
  const written = oneAfterTheOther(late.toSpliced(at, 0, together[write] as Operation));
  assert.ok(brokenPromises(written, promised).includes("folder/b.fits is not whole after rename /d/tree"));
});

test("a list that is renamed before it is synced may be there without its bytes", () => {
  const list = { path: "/d/list", size: 10 };
  const right: Step[] = [
    { call: "create", path: "/d/draft" },
    { call: "write", path: "/d/draft", at: undefined, length: 10 },
    { call: "sync", path: "/d/draft" },
    { call: "rename", path: "/d/draft", to: "/d/list" },
    { call: "sync", path: "/d" },
  ];
  assert.deepEqual(brokenPromises(program(right), { ...promised, list }), []);
  assert.deepEqual(
    brokenPromises(program(right.toSpliced(2, 1)), { ...promised, list }).at(-1),
    "the list is not whole at the end",
  );
  assert.deepEqual(brokenPromises(program(right.toSpliced(4, 1)), { ...promised, list }), [
    "the list is gone at the end",
  ]);
});

test("bytes that are cut off again do not make a file whole", () => {
  const files = { "a.fits": 100 };
  const cut = program([
    { call: "truncate", path: "/d/package/a.fits", size: 40 },
    { call: "truncate", path: "/d/package/a.fits", size: 100 },
    { call: "sync", path: "/d/package/a.fits" },
  ]);
  assert.equal(brokenPromises(cut, { ...promised, files }).at(-1), "a.fits is not whole at the end");
});

type WithoutPlace<T> = T extends unknown ? Omit<T, "began" | "ended"> : never;
type Step = WithoutPlace<Operation>;

/** Brings a package of two files to its place as it should be done, and goes on with more. */
function program(more: Step[] = []): Operation[] {
  return oneAfterTheOther([
    { call: "mkdir", path: "/d/tree" },
    { call: "create", path: "/d/tree/a.fits" },
    { call: "write", path: "/d/tree/a.fits", at: 0, length: 128 },
    { call: "mkdir", path: "/d/tree/folder" },
    { call: "create", path: "/d/tree/folder/b.fits" },
    { call: "write", path: "/d/tree/folder/b.fits", at: undefined, length: 50 },
    { call: "truncate", path: "/d/tree/a.fits", size: 100 },
    { call: "sync", path: "/d/tree/a.fits" },
    { call: "sync", path: "/d/tree/folder/b.fits" },
    { call: "sync", path: "/d/tree/folder" },
    { call: "sync", path: "/d/tree" },
    { call: "rename", path: "/d/tree", to: "/d/package" },
    { call: "sync", path: "/d" },
    ...more,
  ]);
}

function oneAfterTheOther(steps: readonly Step[]): Operation[] {
  return steps.map((step, index) => ({ ...step, began: index, ended: index }));
}
