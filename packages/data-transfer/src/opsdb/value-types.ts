import pg from "pg";

const { builtins, getTypeParser } = pg.types;

/** How values come out of PostgreSQL: bigint as a number, timestamps as ISO 8601 in UTC, everything else as `pg` has it. */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") => {
    if (oid === builtins.INT8) return toSafeInteger;
    if (oid === builtins.TIMESTAMPTZ) return toIsoTime;
    return getTypeParser(oid, format as "text");
  }) as typeof getTypeParser,
};

/** SQL's NULL is `undefined` in the model. */
export function withoutNulls<T>(rows: Record<string, unknown>[]): T[] {
  for (const row of rows) {
    for (const column in row) if (row[column] === null) row[column] = undefined;
  }
  return rows as T[];
}

function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large to be counted exactly`);
  return value;
}

const parseTime = getTypeParser(builtins.TIMESTAMPTZ, "text") as (text: string) => Date | number;

function toIsoTime(text: string): string {
  const time = parseTime(text);
  return time instanceof Date ? time.toISOString() : text;
}
