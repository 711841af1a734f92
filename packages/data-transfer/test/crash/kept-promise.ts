import { createPowerLossModel, inOrder, type Operation, type Survivor } from "./power-loss-model.ts";

/** What must be there whenever the power fails. */
export interface Promised {
  /** Directory that exists and is durable, empty, before the first operation. */
  root: string;
  /** The package's directory: where its name is there, all files are. At the end it is. */
  target: string;
  /** Sizes by path below it. */
  files: Readonly<Record<string, number>>;
  /** A file that appears as a whole, and is there at the end. */
  list?: { path: string; size: number };
}

/** Takes the power away before, between and after all operations, and says what would be wrong then; nothing if all is kept. */
export function brokenPromises(operations: readonly Operation[], promised: Promised): string[] {
  const disk = createPowerLossModel(promised.root);
  const broken = new Set<string>();
  for (const operation of inOrder(operations)) {
    disk.apply(operation);
    disk.everySurvivor((survivor) => {
      const what = whatIsWrong(survivor, promised);
      if (what !== undefined) broken.add(`${what} after ${operation.call} ${operation.path}`);
    });
  }
  disk.everySurvivor((survivor) => {
    const what = whatIsWrong(survivor, promised);
    if (what !== undefined) broken.add(`${what} at the end`);
    if (survivor.at(promised.target) === undefined) broken.add("the package is gone at the end");
    if (promised.list !== undefined && survivor.at(promised.list.path) === undefined) {
      broken.add("the list is gone at the end");
    }
  });
  return [...broken];
}

function whatIsWrong(survivor: Survivor, { target, files, list }: Promised): string | undefined {
  if (list !== undefined) {
    const found = survivor.at(list.path);
    if (found !== undefined && !isWhole(found, list.size)) return "the list is not whole";
  }
  const found = survivor.at(target);
  if (found === undefined) return undefined;
  if (found !== "a directory") return "the package is a file";
  for (const [path, size] of Object.entries(files)) {
    const file = survivor.at(`${target}/${path}`);
    if (file === undefined) return `${path} is missing`;
    if (!isWhole(file, size)) return `${path} is not whole`;
  }
  return undefined;
}

function isWhole(found: ReturnType<Survivor["at"]>, size: number): boolean {
  return typeof found === "object" && found.size === size && found.whole;
}
