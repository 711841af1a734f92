/**
 * Writes a time as Python's `datetime.isoformat()` writes an aware UTC one: `2026-01-02T03:04:05.678000+00:00`, without
 * the fraction when it is zero.
 */
export function writeIsoTime(time: Date): string {
  const iso = time.toISOString();
  return iso.endsWith(".000Z") ? `${iso.slice(0, -5)}+00:00` : `${iso.slice(0, -1)}000+00:00`;
}

/**
 * Reads the ISO 8601 forms that Celery peers write for eta and expires: with `T` or a space, any fraction, `Z`, an offset,
 * or none. Undefined when it is none of them. What is finer than a millisecond is cut off.
 *
 * @param naive  what a time without an offset means: UTC, as everywhere since protocol 2, or the time of this process's zone
 */
export function readIsoTime(text: string, naive: "utc" | "local" = "utc"): Date | undefined {
  const match = isoTime.exec(text);
  if (!match || !isDay(match[1]!)) return undefined;
  const [, date, hours = "00", minutes = "00", seconds = "00", fraction = "", zone] = match;
  const milliseconds = `${fraction}000`.slice(0, 3);
  const offset = zone === undefined ? undefined : offsetOf(zone);
  const clock = new Date(
    `${date}T${hours}:${minutes}:${seconds}.${milliseconds}${offset === undefined && naive === "local" ? "" : "Z"}`,
  );
  const time = new Date(clock.getTime() - (offset ?? 0));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const isoTime =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?([zZ]|[+-]\d\d(?::?\d\d(?::\d\d(?:\.\d{1,6})?)?)?)?)?$/;

/** Date would take February 30 for March 2. */
function isDay(date: string): boolean {
  const [year, month, day] = date.split("-").map(Number);
  return day! <= 28 || day! <= new Date(Date.UTC(year!, month!, 0)).getUTCDate();
}

/** Milliseconds east of Greenwich. Old zones have offsets with seconds, and Python writes them. */
function offsetOf(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const digits = zone.slice(1).replaceAll(":", "");
  const [hours, minutes, seconds] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2)));
  const size = hours! * 3_600_000 + minutes! * 60_000 + seconds! * 1000;
  return zone.startsWith("-") ? -size : size;
}
