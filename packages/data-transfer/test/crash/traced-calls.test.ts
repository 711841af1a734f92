import assert from "node:assert/strict";
import { test } from "node:test";
import { pathsAt, stepsIn } from "./steps.ts";
import { readTracedCalls } from "./traced-calls.ts";

const log = `\
100 openat(AT_FDCWD</home>, "/proc/self/fd/20/place", O_RDONLY|O_PATH) = 21</data/place>
100 mkdir("/proc/self/fd/21/staged", 0750 <unfinished ...>
101 write(30<socket:[7]>, "a \\"COMMIT\\" b", 12) = 12
100 <... mkdir resumed>)              = 0
100 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 200
200 mkdir("/data/place/by-a-child", 0750) = 0
101 clone3({flags=CLONE_VM|CLONE_THREAD, stack_size=0x7dc0} <unfinished ...>
102 fsync(21</data/place>)            = -1 EIO (Input/output error)
101 <... clone3 resumed> => {parent_tid=[102]}, 88) = 102
102 fsync(21</data/place>)            = 0
100 rename("/data/place/staged/.staging-3-1/tree", "/data/place/staged/package-9") = 0
100 unlink("/data/elsewhere")         = 0
100 close(21</data/place> <unfinished ...>
100 +++ killed by SIGKILL +++
`;
const place = { folder: "/data/place", name: "package-9", item: 3, attempt: 1 };

test("calls are read with the paths that they name, those of children and those that never returned are not", () => {
  const calls = readTracedCalls(log);
  assert.deepEqual(
    calls.map(({ name, paths }) => [name, ...paths]),
    [
      ["openat", "/proc/self/fd/20/place"],
      ["mkdir", "/proc/self/fd/21/staged"],
      ["write"],
      ["clone"],
      ["clone3"],
      ["fsync", "/data/place"],
      ["fsync", "/data/place"],
      ["rename", "/data/place/staged/.staging-3-1/tree", "/data/place/staged/package-9"],
      ["unlink", "/data/elsewhere"],
    ],
  );
  assert.deepEqual([calls[1]?.began, calls[1]?.ended], [1, 3]);
});

test("steps are the calls below a location; each is known again on the way of another package", () => {
  const opensRoot = '100 openat(AT_FDCWD</home>, "/data", O_RDONLY|O_PATH) = 20</data>\n';
  const steps = stepsIn(readTracedCalls(opensRoot + log), place);
  assert.deepEqual(
    steps.map(({ call, path, when, changes }) => [call, path, when, changes]),
    [
      ["openat", "/proc/self/fd/*/{here}", 1, false],
      ["mkdir", "/proc/self/fd/*/staged", 1, true],
      ["fsync", "{location}", 1, false],
      ["fsync", "{location}", 2, true],
      ["rename", "{location}/staged/{private}/tree", 1, true],
    ],
  );
  const another = { folder: "/other/there", name: "package-10", item: 44, attempt: 2 };
  assert.deepEqual(pathsAt(steps[4]!, another), ["/other/there/staged/.staging-44-2/tree"]);
  assert.ok(pathsAt(steps[0]!, another).includes("/proc/self/fd/35/there"));
});
