import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

/** Where and when figures were measured: they mean little without it. */
export interface Machine {
  date: string;
  cores: number;
  processor: string;
  memoryGiB: number;
  kernel: string;
  node: string;
  /** Type of the file system that packages were staged on. */
  fileSystem: string;
  /** Of the last minute, before anything was measured: figures of a busy machine are worse. */
  load: number;
}

export function describeMachine(directory: string): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    fileSystem: fileSystemOf(directory),
    load: Number(loadavg()[0]!.toFixed(1)),
  };
}

export function machineSentence({
  date,
  cores,
  processor,
  memoryGiB,
  kernel,
  node,
  fileSystem,
  load,
}: Machine): string {
  return `${date}: ${cores} cores (${processor}), ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, ${fileSystem}, load before ${load}`;
}

function fileSystemOf(directory: string): string {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, at]) => at !== undefined && (at === "/" || directory === at || directory.startsWith(`${at}/`)));
  return mounts.sort((a, b) => a[1]!.length - b[1]!.length).at(-1)?.[2] ?? "unknown";
}
