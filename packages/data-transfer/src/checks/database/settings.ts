import type { Settings } from "../../settings/settings.ts";
import type { TlsFiles } from "../facts.ts";
import { foldersOf } from "../words.ts";

export function databaseFiles({ database }: Settings): TlsFiles {
  return { ca: database.sslrootcert, cert: database.sslcert, key: database.sslkey };
}

/** Why there are no files of TLS to PostgreSQL to check. */
export function withoutDatabaseFiles(settings: Settings): string | undefined {
  if (settings.database.sslmode === "disable") return "database.sslmode is disable";
  return foldersOf(databaseFiles(settings)) === "" ? "no files are configured" : undefined;
}
