import type { Settings } from "../../settings/settings.ts";
import type { TlsFiles } from "../tls-files.ts";
import { foldersOf } from "../tls-files.ts";

export function databaseFiles({ database }: Settings): TlsFiles {
  return { ca: database.sslrootcert, cert: database.sslcert, key: database.sslkey };
}

/** Why there are no files of TLS to PostgreSQL to check. */
export function withoutDatabaseFiles(settings: Settings): string | undefined {
  if (settings.database.sslmode === "disable") return "database.sslmode is disable";
  return foldersOf(databaseFiles(settings)).length === 0 ? "no files are configured" : undefined;
}
