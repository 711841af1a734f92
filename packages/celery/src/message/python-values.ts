import { readIsoTime, writeIsoTime } from "./iso-time.ts";

/**
 * A `datetime` of Python: a Date, that also keeps what a Date cannot hold, microseconds and offset, as the text it was
 * read from. One without an offset counts as UTC.
 */
export class PythonDateTime extends Date {
  readonly #text: string;
  readonly #readAs: number;

  /** @throws {RangeError} when it is not an ISO 8601 time */
  constructor(iso: string) {
    const time = readIsoTime(iso);
    if (!time) throw new RangeError("not an ISO 8601 time");
    super(time);
    this.#text = iso;
    this.#readAs = time.getTime();
  }

  /** As Python's `isoformat()` wrote it, until the date is set to another time. */
  get iso(): string {
    return this.getTime() === this.#readAs ? this.#text : writeIsoTime(this);
  }
}

/** A value of Python that JavaScript has no like of, as its text. Two are equal when their texts are. */
abstract class PythonText {
  readonly text: string;

  constructor(text: string, form: RegExp) {
    if (!form.test(text)) throw new RangeError(`not a ${new.target.name}`);
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** A `date` of Python: `2026-01-02`. */
export class PythonDate extends PythonText {
  constructor(text: string) {
    super(text, /^\d{4}-\d\d-\d\d$/);
    if (!readIsoTime(text)) throw new RangeError("no such day");
  }
}

/** A `time` of Python: `03:04:05.000678`, with or without an offset. */
export class PythonTime extends PythonText {
  constructor(text: string) {
    super(text, /^([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?)?([zZ]|[+-]\d\d(:?\d\d(:\d\d(\.\d{1,6})?)?)?)?$/);
  }
}

/** A `decimal.Decimal` of Python: exact, `1.10` is not `1.1`. */
export class PythonDecimal extends PythonText {
  constructor(text: string) {
    super(text, /^[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|inf(inity)?|s?nan\d*)$/i);
  }
}

/** A `uuid.UUID` of Python, in its usual form of five groups. */
export class PythonUuid extends PythonText {
  constructor(text: string) {
    const hex = text.replace(/^urn:uuid:|[{}-]/gi, "").toLowerCase();
    super(
      hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    );
  }

  get hex(): string {
    return this.text.replaceAll("-", "");
  }
}
