import { DatabaseTls } from "../../errors/database.ts";
import type { Check } from "../check.ts";
import { passes } from "../stage.ts";

export const databaseTls: Check = {
  id: "database-tls",
  category: "database",
  statement: "PostgreSQL's certificate is the one that database.sslmode asks for",
  severity: "fatal",
  needs: ["database-reachable"],
  unless: ({ database }) =>
    database.sslmode === "disable" || database.host.startsWith("/") ? "the connection is without TLS" : undefined,
  run: (facts) => passes(facts.ping(), [DatabaseTls], `sslmode ${facts.settings.database.sslmode}`),
  hint: "ccat_data_transfer settings show database   # sslmode, sslrootcert, server_name",
};
