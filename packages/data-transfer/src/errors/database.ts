import { ConfigurationError, TransientError } from "./data-transfer-error.ts";

type Facts = Readonly<Record<string, unknown>>;

/** No connection to PostgreSQL, or it broke in the middle. */
export class DatabaseUnreachable extends TransientError {
  readonly code = "CDT-DATABASE-UNREACHABLE";
  readonly help = "ccat_data_transfer db status";

  constructor(where: string, what: string, options?: ErrorOptions) {
    super(`the database at ${where} cannot be reached: ${what}`, { database: where }, options);
  }
}

/** PostgreSQL is there and asks for patience: a lock, a deadlock, a time limit, no room for one more connection. */
export class DatabaseBusy extends TransientError {
  readonly code = "CDT-DATABASE-BUSY";
  readonly help = "ccat_data_transfer db status";

  constructor(where: string, what: string, facts: Facts = {}, options?: ErrorOptions) {
    super(`the database at ${where} could not answer in time: ${what}`, { database: where, ...facts }, options);
  }
}

/** A standby, or a primary that was made read-only: nothing may be claimed or recorded there. */
export class DatabaseReadOnly extends TransientError {
  readonly code = "CDT-DATABASE-READ-ONLY";
  readonly help = "ccat_data_transfer db status   # is this the primary? a failover takes a moment";

  constructor(where: string, options?: ErrorOptions) {
    super(`the database at ${where} takes no writes (a standby, or read-only)`, { database: where }, options);
  }
}

/** Wrong user, password or database name. */
export class DatabaseLogin extends ConfigurationError {
  readonly code = "CDT-DATABASE-LOGIN";
  readonly help = "ccat_data_transfer settings show database";

  constructor(where: string, what: string, facts: Facts = {}, options?: ErrorOptions) {
    super(`the database at ${where} does not let us in: ${what}`, { database: where, ...facts }, options);
  }
}

/** We are in, but the role may not do this. */
export class DatabaseForbidden extends ConfigurationError {
  readonly code = "CDT-DATABASE-FORBIDDEN";
  readonly help =
    "ccat_data_transfer db migrate   # as the schema's owner: it also grants the group roles their rights";

  constructor(where: string, what: string, options?: ErrorOptions) {
    super(`the database at ${where} forbids this to our role: ${what}`, { database: where }, options);
  }
}

export type TlsProblem = "untrusted" | "wrong_name" | "expired" | "not_offered" | "unreadable_file" | "handshake";

/** The server's certificate, or ours, does not hold. */
export class DatabaseTls extends ConfigurationError {
  readonly code = "CDT-DATABASE-TLS";
  readonly help = "ccat_data_transfer settings show database   # sslmode, root certificate, server name";

  constructor(where: string, problem: TlsProblem, what: string, options?: ErrorOptions) {
    super(`no trusted connection to the database at ${where}: ${what}`, { database: where, problem }, options);
  }
}

/** The schema, one of its tables, or the latest migration is missing. */
export class NotMigrated extends ConfigurationError {
  readonly code = "CDT-NOT-MIGRATED";
  readonly help = "ccat_data_transfer db migrate";

  constructor(schema: string, what: string, facts: Facts = {}, options?: ErrorOptions) {
    super(`schema ${schema} is not up to date: ${what}`, { schema, ...facts }, options);
  }
}

/** The schema was migrated by a later release than this one. */
export class SchemaNewer extends ConfigurationError {
  readonly code = "CDT-SCHEMA-NEWER";
  readonly help = "update this program: its release is older than the database's schema";

  constructor(schema: string, found: number, known: number) {
    super(`schema ${schema} is at version ${found}, this release knows ${known}`, { schema, found, known });
  }
}

/** A migration that was applied says something else in this release. */
export class MigrationChanged extends ConfigurationError {
  readonly code = "CDT-MIGRATION-CHANGED";
  readonly help = "ccat_data_transfer db inspect";

  constructor(schema: string, migration: string) {
    super(`schema ${schema}: migration ${migration} was applied with another text than this release has`, {
      schema,
      migration,
    });
  }
}

/** The schema that we were told to use holds somebody else's tables. */
export class ForeignSchema extends ConfigurationError {
  readonly code = "CDT-FOREIGN-SCHEMA";
  readonly help = "name another schema in the setting database.schema: this program needs one of its own";

  constructor(schema: string, tables: readonly string[]) {
    const shown = tables.slice(0, 5).join(", ") + (tables.length > 5 ? " ..." : "");
    super(`schema ${schema} holds tables that are not ours: ${shown}`, { schema, tables });
  }
}

/** A move that the transition table does not have; the database refused it. */
export class IllegalTransition extends ConfigurationError {
  readonly code = "CDT-ILLEGAL-TRANSITION";
  readonly help = "report it: this is a fault of the program, and nothing was changed";

  constructor(what: string, options?: ErrorOptions) {
    super(what, {}, options);
  }
}

/** The database refused a statement for a reason that has no class of its own. */
export class DatabaseRefused extends ConfigurationError {
  readonly code = "CDT-DATABASE-REFUSED";
  readonly help = "ccat_data_transfer db inspect";

  constructor(where: string, sqlstate: string, what: string, facts: Facts = {}, options?: ErrorOptions) {
    super(`the database at ${where} refused a statement: ${what}`, { database: where, sqlstate, ...facts }, options);
  }
}

/** The connection broke while COMMIT's answer was awaited: done or not, only a look-up can tell. */
export class CommitUnknown extends TransientError {
  readonly code = "CDT-COMMIT-UNKNOWN";
  readonly help = "ccat_data_transfer db status";

  constructor(where: string, options?: ErrorOptions) {
    super(
      `the connection to the database at ${where} broke before the commit was answered`,
      { database: where },
      options,
    );
  }
}

/** Somebody else holds the item now, or nobody: this attempt must stop and leave everything as it is. */
export class ClaimLost extends TransientError {
  readonly code = "CDT-CLAIM-LOST";
  readonly help = "ccat_data_transfer stage progress <job>   # another worker goes on with it";

  constructor(facts: { item?: number; attempt?: number } = {}) {
    const which = facts.item === undefined ? "this item" : `item ${facts.item}`;
    super(`the claim on ${which} is no longer ours`, facts);
  }
}
