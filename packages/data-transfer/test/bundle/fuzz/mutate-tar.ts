import fc from "fast-check";

/** One change of a tar. Places are fractions of what there is, so that they fit a tar of any length. */
export type Mutation =
  | { kind: "byte"; block: number; at: number; value: number; mend: boolean }
  | { kind: "field"; block: number; field: keyof typeof fields; value: string; mend: boolean }
  | { kind: "drop" | "double" | "zero" | "cut"; block: number }
  | { kind: "swap"; block: number; other: number }
  /** A byte anywhere, in a body and in the padding as well. */
  | { kind: "anywhere"; block: number; at: number; value: number }
  | { kind: "insert" | "remove"; block: number; at: number };

const fields = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  mtime: [136, 12],
  type: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  owner: [265, 32],
  device: [329, 16],
  prefix: [345, 155],
} as const;

const values: Readonly<Record<keyof typeof fields, readonly string[]>> = {
  name: [
    "a",
    "a/",
    "b",
    "new",
    "new/below",
    "../up",
    "/top",
    "./dot",
    "",
    "x".repeat(100),
    "B",
    "ü",
    "with space",
    "a\\b",
  ],
  mode: ["0000000\0", "0007777\0", "        ", "\x80\0\0\0\0\0\0\x01", "xxxxxxxx"],
  size: [
    "00000000000\0",
    "00000000001\0",
    "00000001000\0",
    "00000005670 ",
    "           1",
    "1\0",
    " 1 \0",
    "77777777777\0",
    "00000000009\0",
    "00000000018\0",
    "00000000001x",
    "\x80\0\0\0\0\0\0\0\0\0\0\x01",
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    "",
  ],
  mtime: ["00000000000\0", "            ", "-1\0"],
  type: ["0", "\0", "1", "2", "3", "5", "6", "7", "L", "K", "x", "g", "S", "V", "!"],
  linkname: ["a", "../up", ""],
  magic: ["ustar\x0000", "ustar  \0", "ustar\0  ", "ustar\0\0\0", "\0\0\0\0\0\0\0\0", "USTAR\x0000"],
  owner: ["root", "\xff"],
  device: ["0000001\x000000001\0", "zz"],
  prefix: ["p", "p/q", "..", "/", "p/", "x".repeat(155), ""],
};

/**
 * Up to three changes, most of them of headers, most of those with the header's checksum set right again.
 *
 * @param least how many at least
 */
export function mutations(least: number): fc.Arbitrary<Mutation[]> {
  const block = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const mend = fc.integer({ min: 0, max: 9 }).map((digit) => digit > 0);
  const field = fc.constantFrom(...(Object.keys(fields) as (keyof typeof fields)[])).chain((name) =>
    fc.record({
      ...{ kind: fc.constant("field" as const), field: fc.constant(name), block, mend },
      value: fc.constantFrom(...values[name]),
    }),
  );
  const byte = fc.record({
    ...{ kind: fc.constant("byte" as const), block, mend },
    ...{ at: fc.nat(511), value: fc.nat(255) },
  });
  const whole = fc.record({ kind: fc.constantFrom("drop", "double", "zero", "cut"), block }) as fc.Arbitrary<Mutation>;
  const swap = fc.record({ kind: fc.constant("swap" as const), block, other: block });
  const place = { block, at: fc.nat(511) };
  const anywhere = fc.record({ kind: fc.constant("anywhere" as const), ...place, value: fc.nat(255) });
  const shift = fc.record({ kind: fc.constantFrom("insert" as const, "remove" as const), ...place });
  const any = fc.oneof(
    { arbitrary: field, weight: 6 },
    { arbitrary: byte, weight: 4 },
    { arbitrary: anywhere, weight: 2 },
    ...[whole, swap, shift],
  );
  return fc.array(any as fc.Arbitrary<Mutation>, { minLength: least, maxLength: 3 });
}

export function mutate(tar: Buffer, changes: readonly Mutation[]): Buffer {
  let blocks: Buffer[] = Array.from({ length: Math.ceil(tar.length / 512) }, (_, n) =>
    Buffer.from(tar.subarray(n * 512, (n + 1) * 512)),
  );
  for (const change of changes) blocks = changeBlocks(blocks, change);
  return Buffer.concat(blocks);
}

function changeBlocks(blocks: Buffer[], change: Mutation): Buffer[] {
  const place = (fraction: number, list: readonly unknown[]) => Math.floor(fraction * list.length);
  if (change.kind === "byte" || change.kind === "field") {
    const headers = blocks.filter((block) => block.length === 512 && block.toString("latin1", 257, 262) === "ustar");
    const block = headers[place(change.block, headers)];
    if (block === undefined) return blocks;
    if (change.kind === "byte") block[change.at] = change.value;
    else {
      const [start, length] = fields[change.field];
      block.fill(0, start, start + length);
      block.write(change.value, start, length, change.value.includes("ü") ? "utf8" : "latin1");
    }
    if (change.mend) mendChecksum(block);
    return blocks;
  }
  const at = place(change.block, blocks);
  const block = blocks[at];
  if (block === undefined) return blocks;
  switch (change.kind) {
    case "anywhere":
      block[Math.min(change.at, block.length - 1)] = change.value;
      return blocks;
    case "insert":
      return blocks.with(at, Buffer.concat([block.subarray(0, change.at), Buffer.alloc(1), block.subarray(change.at)]));
    case "remove":
      return blocks.with(at, Buffer.concat([block.subarray(0, change.at), block.subarray(change.at + 1)]));
    case "drop":
      return blocks.toSpliced(at, 1);
    case "double":
      return blocks.toSpliced(at, 0, Buffer.from(block));
    case "zero":
      return blocks.with(at, Buffer.alloc(512));
    case "cut":
      return blocks.slice(0, at);
    case "swap": {
      const other = place(change.other, blocks);
      return blocks.with(at, blocks[other] as Buffer).with(other, block);
    }
  }
}

function mendChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
