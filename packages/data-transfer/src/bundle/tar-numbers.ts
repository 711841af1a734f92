/**
 * The number in a field of a header in octal: blanks, digits, then nothing but blanks and NULs to its end.
 *
 * @returns -1 where the field is not like that
 */
export function octal(block: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && block[at] === 0x20) at++;
  const first = at;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] as number) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (at === first) return -1;
  for (; at < end; at++) if (block[at] !== 0x20 && block[at] !== 0) return -1;
  return value;
}

/**
 * GNU's base 256, for what is too large for octal digits: first byte 0x80, then the number. Positive only: 0xff begins a
 * negative one.
 *
 * @returns -1 where the field is not like that; beyond 2^53 no safe integer, which the caller has to refuse
 */
export function base256(block: Uint8Array, start: number, end: number): number {
  if (block[start] !== 0x80) return -1;
  let value = 0;
  for (let at = start + 1; at < end; at++) value = value * 256 + (block[at] as number);
  return value;
}

/** Whether a field holds a negative number of base 256 (two's complement) that a time can be. */
export function isNegativeTime(block: Uint8Array, start: number, end: number): boolean {
  // Six bytes below the sign suffice for 9 million years.
  for (let at = start; at < end - 6; at++) if (block[at] !== 0xff) return false;
  return true;
}
