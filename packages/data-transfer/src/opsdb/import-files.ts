import { randomUUID } from "node:crypto";
import type { Checksum } from "../model/package.ts";
import type { Transaction } from "./database.ts";

export interface NewFile {
  id?: string;
  /** Inside the package, `/` between the parts. */
  path: string;
  size: number;
  checksum: Checksum | undefined;
}

/** Files sent by one COPY: far from any time limit of the server, however slowly they come. */
const filesAtOnce = 20_000;

/**
 * Adds files to a package of the catalogue, as they come.
 *
 * @returns how many they were
 */
export async function insertFiles(
  tx: Transaction,
  packageId: string,
  instrumentModuleId: number | undefined,
  files: Iterable<NewFile> | AsyncIterable<NewFile>,
): Promise<number> {
  const always = `\t${packageId}\t${instrumentModuleId ?? absent}\t`;
  let count = 0;
  let lines: string[] = [];
  const send = async () => {
    if (lines.length > 0) await tx.copyIn(target, inPieces(lines));
    count += lines.length;
    lines = [];
  };
  for await (const { id = randomUUID(), path, size, checksum } of files) {
    const sum =
      checksum === undefined ? `${absent}\t${absent}` : `${text(checksum.algorithm)}\t${text(checksum.digest)}`;
    lines.push(`${id}${always}${text(path)}\t${size}\t${sum}\n`);
    if (lines.length === filesAtOnce) await send();
  }
  await send();
  return count;
}

const target =
  "raw_data_file (id, raw_data_package_id, instrument_module_id, path, size, checksum_algorithm, checksum_digest)";

/** COPY's word for NULL. */
const absent = "\\N";

/** In COPY's text format. A NUL has no form in it, nor in PostgreSQL: the server refuses the row. */
function text(value: string): string {
  return /[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (sign) => escaped[sign]!) : value;
}

const escaped: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A write for each line would cost more than the line. */
function* inPieces(lines: readonly string[]): Generator<string> {
  for (let first = 0; first < lines.length; first += 500) yield lines.slice(first, first + 500).join("");
}
