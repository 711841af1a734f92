import type { Scope } from "../../testing/scope.ts";
import type { Rig } from "../rig.ts";

/** What a measurement is given. */
export interface Tools {
  scope: Scope;
  /** On the file system that is measured; gone when the bench ends. */
  directory: string;
  /** On the same file system: what is put here goes when the bench ends, and not before (see contest.ts). */
  attic: string;
  /** How often contestants take turns. */
  rounds: number;
  /** Sets of packages are made this many times as large: below 1 for a quick look. */
  scale: number;
  /** The launcher of the program that is measured. */
  program: string;
  say(line: string): void;
  /** Redis, PostgreSQL, an archive and workers; started when first asked for. */
  rig(): Promise<Rig>;
}
