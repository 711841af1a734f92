import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { stateRules } from "./0003_state_rules.ts";

export interface Migration {
  version: number;
  name: string;
  /** What it says; names are unqualified, the search_path decides. */
  text: string;
  /** sha256 of the text, in hex. */
  checksum: string;
}

/** All migrations in their order. A released one never changes: a database remembers the checksum of what it was given. */
export const migrations: readonly Migration[] = [
  migration(1, "catalogue", file("0001_catalogue.sql")),
  migration(2, "staging", file("0002_staging.sql")),
  migration(3, "state_rules", stateRules()),
  migration(4, "room", file("0004_room.sql")),
  migration(5, "waivers", file("0005_waivers.sql")),
  migration(6, "copies_in_bulk", file("0006_copies_in_bulk.sql")),
];

/** The version of a database that is up to date. */
export const latestVersion = migrations.length;

function migration(version: number, name: string, text: string): Migration {
  return { version, name, text, checksum: createHash("sha256").update(text).digest("hex") };
}

function file(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}
