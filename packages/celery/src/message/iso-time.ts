/**
 * Writes a time as Python's `datetime.isoformat()` writes an aware UTC one: `2026-01-02T03:04:05.678000+00:00`, without
 * the fraction when it is zero.
 */
export function writeIsoTime(time: Date): string {
  const [whole, fraction] = time.toISOString().slice(0, -1).split(".");
  return fraction === "000" ? `${whole}+00:00` : `${whole}.${fraction}000+00:00`;
}

/**
 * Reads the ISO 8601 forms that Celery peers write for eta and expires: with `T` or a space, any fraction, `Z`, an offset,
 * or none (protocol 2: UTC). Undefined when it is none of them.
 */
export function readIsoTime(text: string): Date | undefined {
  const match = isoTime.exec(text);
  if (!match) return undefined;
  const [, date, hours = "00", minutes = "00", seconds = "00", fraction = "", zone = "Z"] = match;
  const milliseconds = `${fraction}000`.slice(0, 3);
  const offset = /^[zZ]$/.test(zone) ? "Z" : zone.length === 3 ? `${zone}:00` : zone.replace(/^(...)(\d\d)$/, "$1:$2");
  const time = new Date(`${date}T${hours}:${minutes}:${seconds}.${milliseconds}${offset}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const isoTime = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d\d(?::?\d\d)?)?)?$/;
