import { readFile } from "node:fs/promises";
import { UsageError } from "../errors/usage.ts";
import type { Queryable } from "../opsdb/database.ts";
import { listLocations } from "../opsdb/locations.ts";
import type { Wanted } from "../staging/selection.ts";
import type { CommandArgument, CommandOption } from "./command.ts";

/** How commands name packages: as arguments, by an observation, or by a file of names. */
export interface WantedInput {
  packages: string[];
  observation?: string;
  fromFile?: string;
  to?: string;
}

export const wantedArguments: readonly CommandArgument[] = [
  { name: "[packages...]", description: "package names or ids" },
];

export const wantedOptions: readonly CommandOption[] = [
  { flags: "--observation <id>", description: "all packages of this executed observation unit (id or name)" },
  { flags: "--from-file <file>", description: "file with one package name or id a line; # begins a comment" },
  { flags: "--to <location>", description: "processing location; may be left out when there is only one" },
];

/** @throws UsageError when nothing is named, or the file cannot be read */
export async function readWanted({ packages, observation, fromFile }: WantedInput): Promise<Wanted> {
  const names = [...packages, ...(fromFile === undefined ? [] : await namesIn(fromFile))];
  if (names.length === 0 && observation === undefined) {
    throw new UsageError(
      "no package is named",
      "name packages, --observation <id> or --from-file <file>; ccat_data_transfer stage request --help",
    );
  }
  return { packages: names, observation };
}

async function namesIn(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `the file of names ${file} cannot be read: ${error.code}`,
      "ccat_data_transfer stage request --help",
    );
  });
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
}

/** The named processing location, or the only one there is. @throws UsageError when there are several or none */
export async function destinationNamed(q: Queryable, to: string | undefined): Promise<string> {
  if (to !== undefined) return to;
  const names = (await listLocations(q))
    .filter(({ locationType, active }) => locationType === "processing" && active)
    .map(({ site, name }) => `${site.shortName}/${name}`);
  if (names.length === 1) return names[0]!;
  throw new UsageError(
    names.length === 0
      ? "the database has no active processing location"
      : `say where to: there are several processing locations (${names.join(", ")})`,
    names.length === 0 ? "ccat_data_transfer db seed" : "ccat_data_transfer stage request <packages> --to <location>",
  );
}
