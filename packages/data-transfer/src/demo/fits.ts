/** A value in a FITS header. `real` writes a number with a decimal point where it would look like an integer. */
export type FitsValue = string | number | boolean | { real: number };

/** Keyword (8 characters of A-Z, 0-9, `-`, `_`), value, and a comment for people. */
export type FitsCard = readonly [keyword: string, value: FitsValue, comment?: string];

/** Everything in a FITS file comes in blocks of this many bytes. */
export const fitsBlock = 2880;
const cardLength = 80;

/**
 * A header in whole blocks, after the FITS standard 4.0, section 4: fixed format, `END` and spaces at its end.
 *
 * @throws {RangeError} for what FITS cannot express: a long keyword, a card over 80 characters, text beyond ASCII
 */
export function fitsHeader(cards: readonly FitsCard[]): Buffer {
  const text = [...cards.map(formatCard), "END".padEnd(cardLength)].join("");
  return Buffer.from(text.padEnd(paddedSize(text.length)), "ascii");
}

/** The cards that a file with an image begins with. `axes` has the fastest running axis first. */
export function imageCards(bitpix: 8 | 16 | 32 | -32 | -64, axes: readonly number[]): FitsCard[] {
  return [
    ["SIMPLE", true, "conforms to FITS standard"],
    ["BITPIX", bitpix, "bits per value; negative means floating point"],
    ["NAXIS", axes.length, "number of axes"],
    ...axes.map((length, index): FitsCard => [`NAXIS${index + 1}`, length]),
    ["EXTEND", true],
  ];
}

export interface TableColumn {
  name: string;
  /** `D` is a 64-bit float, `E` a 32-bit one. */
  format: "D" | "E";
  unit: string;
}

/** The cards that a binary table's extension begins with. */
export function tableCards(name: string, columns: readonly TableColumn[], rows: number): FitsCard[] {
  return [
    ["XTENSION", "BINTABLE", "binary table"],
    ["BITPIX", 8],
    ["NAXIS", 2],
    ["NAXIS1", rowSize(columns), "bytes per row"],
    ["NAXIS2", rows, "rows"],
    ["PCOUNT", 0],
    ["GCOUNT", 1],
    ["TFIELDS", columns.length, "columns"],
    ["EXTNAME", name],
    ...columns.flatMap(({ name, format, unit }, index): FitsCard[] => [
      [`TTYPE${index + 1}`, name],
      [`TFORM${index + 1}`, format],
      [`TUNIT${index + 1}`, unit],
    ]),
  ];
}

/** Bytes of a table's row. */
export function rowSize(columns: readonly TableColumn[]): number {
  return columns.reduce((sum, { format }) => sum + (format === "D" ? 8 : 4), 0);
}

/** Bytes that so many bytes of content take in a file. */
export function paddedSize(size: number): number {
  return Math.ceil(size / fitsBlock) * fitsBlock;
}

function formatCard([keyword, value, comment]: FitsCard): string {
  if (!/^[A-Z0-9_-]{1,8}$/.test(keyword)) throw new RangeError(`${keyword} is no FITS keyword`);
  const bare = `${keyword.padEnd(8)}= ${formatValue(value)}`;
  const card = comment === undefined ? bare : `${bare.padEnd(31)}/ ${comment}`;
  if (card.length > cardLength || !/^[ -~]*$/.test(card)) throw new RangeError(`does not fit a FITS card: ${card}`);
  return card.padEnd(cardLength);
}

function formatValue(value: FitsValue): string {
  if (typeof value === "string") return `'${value.replaceAll("'", "''").padEnd(8)}'`;
  if (typeof value === "boolean") return (value ? "T" : "F").padStart(20);
  if (typeof value === "number") return String(value).padStart(20);
  const digits = String(value.real).toUpperCase();
  return (/[.E]/.test(digits) ? digits : `${digits}.0`).padStart(20);
}
