import fc from "fast-check";
import { gnuFormats, gnuSample, longPath } from "../gnu-tar.ts";
import { hostileTars } from "../hostile-tars.ts";
import { forgedTars } from "./forged-tars.ts";
import { mutate, mutations } from "./mutate-tar.ts";

/** A tar to be tried, and where it is cut into pieces on its way. */
export interface FuzzCase {
  /** What it was before it was changed. */
  from: "gnu" | "forged" | "hostile" | "noise";
  bytes: Buffer;
  /** Lengths of the pieces, over and over. */
  pieces: number[];
}

/** Tars as GNU tar makes them, as a forger does, and as an enemy does, changed in up to three places or not at all. */
export async function fuzzCases(world: string): Promise<fc.Arbitrary<FuzzCase>> {
  const names = ["a/", "b", "empty"];
  const samples = [
    ...(await Promise.all(gnuFormats.map((format) => gnuSample(world, format, names)))),
    ...(await Promise.all(gnuFormats.slice(1).map((format) => gnuSample(world, format, [...names, longPath])))),
  ];
  const small = hostileTars.filter(({ bytes }) => bytes.length < 20_000).map(({ bytes }) => bytes);
  const changed = (from: FuzzCase["from"], tars: fc.Arbitrary<Buffer>, least: number) =>
    fc.record({
      ...{ from: fc.constant(from), pieces: pieces() },
      bytes: fc.tuple(tars, mutations(least)).map(([bytes, changes]) => mutate(bytes, changes)),
    });
  return fc.oneof(
    { arbitrary: changed("gnu", fc.constantFrom(...samples), 1), weight: 4 },
    { arbitrary: changed("forged", forgedTars(), 0), weight: 6 },
    { arbitrary: changed("hostile", fc.constantFrom(...small), 1), weight: 2 },
    { arbitrary: changed("noise", noise(), 0), weight: 1 },
  );
}

function pieces(): fc.Arbitrary<number[]> {
  const one = fc.oneof(fc.constantFrom(1, 511, 512, 513, 1024, 65_536), fc.integer({ min: 1, max: 3000 }));
  return fc.array(one, { minLength: 1, maxLength: 4 });
}

/** Bytes that are no tar, or that only begin like one. */
function noise(): fc.Arbitrary<Buffer> {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 2048 }).map((bytes) => Buffer.from(bytes));
  const magic = bytes.map((bytes) => {
    const block = Buffer.concat([bytes, Buffer.alloc(2048)]);
    block.write("ustar\x0000", 257, "latin1");
    return block;
  });
  return fc.oneof(bytes, magic);
}
