import pg from "pg";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import {
  DatabaseBusy,
  DatabaseForbidden,
  DatabaseLogin,
  DatabaseReadOnly,
  DatabaseRefused,
  DatabaseTls,
  DatabaseUnreachable,
  IllegalTransition,
  NotMigrated,
  type TlsProblem,
} from "../errors/database.ts";
import { type DatabaseOptions, describeDatabase } from "./database-options.ts";

/** Raised by our own trigger; a class that SQL leaves to users. */
export const illegalTransitionState = "CDT01";

/**
 * What `pg`, the socket or PostgreSQL threw, as one of our classes. SQLSTATEs are those of
 * https://www.postgresql.org/docs/current/errcodes-appendix.html, TLS codes those of OpenSSL as Node reports them.
 */
export function translateError(error: unknown, options: DatabaseOptions): Error {
  if (error instanceof DataTransferError || error instanceof TypeError || error instanceof RangeError) return error;
  const where = describeDatabase(options);
  if (error instanceof pg.DatabaseError) return translateSqlState(error, where, options.schema);
  const cause = deepest(error);
  const code = String((cause as NodeJS.ErrnoException).code ?? "");
  const problem = tlsProblem(code, cause);
  if (problem) return new DatabaseTls(where, problem, cause.message, { cause: error });
  return new DatabaseUnreachable(where, cause.message || code, { cause: error });
}

/** True where no answer came, so that it is open whether the statement was carried out. */
export function answerWasLost(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return !(error instanceof DataTransferError);
  const state = error.code ?? "";
  return state.startsWith("08") || shutDownStates.has(state);
}

/**
 * admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout and
 * idle_in_transaction_session_timeout: the connection is gone.
 */
const shutDownStates = new Set(["57P01", "57P02", "57P03", "57P04", "57P05", "25P03"]);

function translateSqlState(error: pg.DatabaseError, where: string, schema: string): Error {
  const state = error.code ?? "";
  const options = { cause: error };
  const facts = {
    ...(error.table && { table: error.table }),
    ...(error.constraint && { constraint: error.constraint }),
  };
  switch (state) {
    case illegalTransitionState:
      return new IllegalTransition(error.message, options);
    case "25006":
      return new DatabaseReadOnly(where, options);
    case "28P01":
    case "28000":
    case "3D000":
      return new DatabaseLogin(where, error.message, { sqlstate: state }, options);
    case "42501":
      return new DatabaseForbidden(where, error.message, options);
    case "42P01":
    case "3F000":
    case "42703":
    case "42883":
    case "42704":
      return new NotMigrated(schema, error.message, { sqlstate: state }, options);
    case "57014": // query_canceled: statement_timeout
    case "55P03": // lock_not_available
    case "40001": // serialization_failure
    case "40P01": // deadlock_detected
      return new DatabaseBusy(where, error.message, { sqlstate: state }, options);
  }
  if (state === "23505" && error.constraint === "staging_item_one_at_a_time") {
    return new DatabaseBusy(where, "another item of the same package is being worked on", { sqlstate: state }, options);
  }
  if (state.startsWith("08") || shutDownStates.has(state))
    return new DatabaseUnreachable(where, error.message, options);
  if (state.startsWith("53")) return new DatabaseBusy(where, error.message, { sqlstate: state }, options);
  return new DatabaseRefused(where, state, error.message, facts, options);
}

/** The name lists several addresses' failures (happy eyeballs) or a time-out's reason: the innermost says most. */
function deepest(error: unknown): Error {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0];
  return error instanceof Error ? error : new Error(String(error));
}

function tlsProblem(code: string, error: Error): TlsProblem | undefined {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "wrong_name";
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return "expired";
  if (untrusted.has(code)) return "untrusted";
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_OSSL_")) return "handshake";
  if (isTlsNotOffered(error)) return "not_offered";
  return undefined;
}

/** `pg` has no code for the server's "N" to an SSLRequest, only this sentence. */
export function isTlsNotOffered(error: unknown): boolean {
  return error instanceof Error && error.message === "The server does not support SSL connections";
}

const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "INVALID_CA",
  "INVALID_PURPOSE",
]);
