/** A number as C's `printf("%.<precision>g")` writes it. */
export function general(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [digits, power] = value.toExponential(precision - 1).split("e") as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < precision) return withoutZeros(fixed(value, precision - 1 - exponent));
  const sign = exponent < 0 ? "-" : "+";
  return `${withoutZeros(digits)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** `toFixed` knows at most 100 digits after the point: enough for every exponent that comes here. */
function fixed(value: number, digits: number): string {
  return value.toFixed(Math.max(0, digits));
}

function withoutZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

/** How Redis writes a double: scores, and numbers that a script hands to a command. */
export function redisDouble(value: number): string {
  return general(value, 17);
}
