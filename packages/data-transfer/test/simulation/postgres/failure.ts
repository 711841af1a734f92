/** An error of the server's, with its SQLSTATE. */
export class SqlFailure extends Error {
  readonly code: string;
  readonly constraint: string | undefined;
  readonly table: string | undefined;

  constructor(code: string, message: string, { table, constraint }: { table?: string; constraint?: string } = {}) {
    super(message);
    this.code = code;
    this.table = table;
    this.constraint = constraint;
  }
}
