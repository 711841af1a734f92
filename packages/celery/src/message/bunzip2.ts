import { malformed, UndecodableMessage } from "./undecodable-message.ts";

/**
 * Inflates bzip2. Ours, since what npm has either goes on at the end of its input, or has to be told the size before.
 *
 * The format: a stream is blocks, a block is text in runs (1), sorted (2), with each byte given by how long ago it was
 * seen (3), and Huffman codes for that (4); read here from the last to the first.
 *
 * @param most  bytes that it may come to
 * @throws {UndecodableMessage} `malformed`, `too-large`
 */
export function bunzip2(bytes: Buffer, most: number): Buffer {
  const input = new BitReader(bytes);
  const output = new Output(most);
  // One for all blocks: many small ones may hide in a message.
  const sorted = new Uint32Array(largestBlock);
  do {
    if (input.read(24) !== 0x425a68) throw damaged();
    const blockSize = (input.read(8) - 0x30) * 100_000;
    if (blockSize < 100_000 || blockSize > largestBlock) throw damaged();
    let crc = 0;
    while (readBlockMark(input)) {
      const blockCrc = input.readWord();
      crc = ((crc << 1) | (crc >>> 31)) ^ blockCrc;
      output.startBlock();
      readBlock(input, sorted.subarray(0, blockSize), output);
      if (output.blockCrc() !== blockCrc) throw damaged();
    }
    if (input.readWord() !== crc >>> 0) throw damaged();
    input.align();
  } while (!input.isAtEnd());
  return output.bytes();
}

const largestBlock = 900_000;
const longestCode = 20;
const symbolsPerSelector = 50;

/** True before a block, false at the stream's end. */
function readBlockMark(input: BitReader): boolean {
  const [high, low] = [input.read(24), input.read(24)];
  if (high === 0x314159 && low === 0x265359) return true;
  if (high === 0x177245 && low === 0x385090) return false;
  throw damaged();
}

function readBlock(input: BitReader, sorted: Uint32Array, output: Output): void {
  if (input.read(1)) throw damaged(); // "randomised": of before 1997
  const origin = input.read(24);
  const { length, counts } = readSymbols(input, sorted);
  if (origin >= length) throw damaged();
  unsort(sorted, length, counts);
  writeRuns(sorted, length, origin, output);
}

/** (4) and (3): fills `sorted` with bytes, and answers how many there are, all and of each. */
function readSymbols(input: BitReader, sorted: Uint32Array): { length: number; counts: Uint32Array } {
  const recent = readUsedBytes(input);
  const endOfBlock = recent.length + 1;
  const tables = readTables(input, recent.length + 2);
  const counts = new Uint32Array(256);
  let length = 0;
  let [run, weight] = [0, 1];
  for (const table of tables) {
    for (let left = symbolsPerSelector; left > 0; left--) {
      const symbol = readSymbol(input, table);
      if (symbol < 2) {
        // The length of a run, in digits 1 and 2, the lowest first.
        run += weight * (symbol + 1);
        weight *= 2;
        if (run > sorted.length) throw damaged();
        continue;
      }
      if (length + run + 1 > sorted.length + (symbol === endOfBlock ? 1 : 0)) throw damaged();
      if (run > 0) {
        sorted.fill(recent[0]!, length, length + run);
        counts[recent[0]!]! += run;
        length += run;
        [run, weight] = [0, 1];
      }
      if (symbol === endOfBlock) return { length, counts };
      const [byte] = recent.splice(symbol - 1, 1) as [number];
      recent.unshift(byte);
      sorted[length++] = byte;
      counts[byte]!++;
    }
  }
  throw damaged();
}

function readUsedBytes(input: BitReader): number[] {
  const used: number[] = [];
  const groups = input.read(16);
  for (let group = 0; group < 16; group++) {
    if (!(groups & (0x8000 >> group))) continue;
    const members = input.read(16);
    for (let i = 0; i < 16; i++) if (members & (0x8000 >> i)) used.push(group * 16 + i);
  }
  if (used.length === 0) throw damaged();
  return used;
}

/** The Huffman table for each fifty symbols. */
function readTables(input: BitReader, symbols: number): Table[] {
  const tableCount = input.read(3);
  const selectorCount = input.read(15);
  if (tableCount < 2 || tableCount > 6 || selectorCount === 0) throw damaged();
  const recent = Array.from({ length: tableCount }, (_, i) => i);
  const selectors: number[] = [];
  for (let i = 0; i < selectorCount; i++) {
    let ago = 0;
    while (input.read(1)) if (++ago >= tableCount) throw damaged();
    recent.unshift(...recent.splice(ago, 1));
    selectors.push(recent[0]!);
  }
  const tables = recent.map(() => readTable(input, symbols));
  return selectors.map((selector) => tables[selector]!);
}

/** Canonical codes: `first` and `end` by length, and the symbols in the order of their codes. */
interface Table {
  first: Int32Array;
  end: Int32Array;
  offset: Int32Array;
  symbols: Uint16Array;
}

function readTable(input: BitReader, symbolCount: number): Table {
  const lengths: number[] = [];
  let length = input.read(5);
  for (let i = 0; i < symbolCount; i++) {
    while (input.read(1)) {
      length += input.read(1) ? -1 : 1;
      if (length < 1 || length > longestCode) throw damaged();
    }
    if (length < 1 || length > longestCode) throw damaged();
    lengths.push(length);
  }
  const [first, end, offset] = [0, 1, 2].map(() => new Int32Array(longestCode + 1)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const symbols = new Uint16Array(symbolCount);
  let [code, placed] = [0, 0];
  for (let size = 1; size <= longestCode; size++) {
    first[size] = code;
    offset[size] = placed;
    for (let i = 0; i < symbolCount; i++) if (lengths[i] === size) symbols[placed++] = i;
    code += placed - offset[size]!;
    end[size] = code;
    code <<= 1;
  }
  return { first, end, offset, symbols };
}

function readSymbol(input: BitReader, { first, end, offset, symbols }: Table): number {
  let code = 0;
  for (let size = 1; size <= longestCode; size++) {
    code = (code << 1) | input.read(1);
    if (code < end[size]!) {
      const symbol = symbols[offset[size]! + code - first[size]!];
      if (symbol === undefined) break;
      return symbol;
    }
  }
  throw damaged();
}

/** (2): the upper 24 bits of each entry become the place of the byte that follows. */
function unsort(sorted: Uint32Array, length: number, counts: Uint32Array): void {
  const places = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte++) places[byte] = places[byte - 1]! + counts[byte - 1]!;
  for (let i = 0; i < length; i++) {
    const byte = sorted[i]! & 0xff;
    const place = places[byte]!++;
    sorted[place] = (sorted[place]! | (i << 8)) >>> 0;
  }
}

/** (1): after four equal bytes stands how often the byte is to be repeated. */
function writeRuns(sorted: Uint32Array, length: number, origin: number, output: Output): void {
  let at = sorted[origin]! >>> 8;
  let [previous, equal] = [-1, 0];
  for (let i = 0; i < length; i++) {
    const entry = sorted[at]!;
    const byte = entry & 0xff;
    at = entry >>> 8;
    if (equal === 4) {
      output.write(previous, byte);
      [previous, equal] = [-1, 0];
      continue;
    }
    equal = byte === previous ? equal + 1 : 1;
    previous = byte;
    output.write(byte, 1);
  }
}

class BitReader {
  readonly #bytes: Buffer;
  #at = 0;
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** At most 24 bits. */
  read(bits: number): number {
    while (this.#heldBits < bits) {
      if (this.#at >= this.#bytes.length) throw malformed("the bzip2 body ends too early");
      this.#held = ((this.#held << 8) | this.#bytes[this.#at++]!) & 0xffffffff;
      this.#heldBits += 8;
    }
    this.#heldBits -= bits;
    return (this.#held >>> this.#heldBits) & ((1 << bits) - 1);
  }

  readWord(): number {
    return this.read(16) * 0x10000 + this.read(16);
  }

  /** To the next whole byte. */
  align(): void {
    this.#heldBits -= this.#heldBits % 8;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#bytes.length && this.#heldBits < 8;
  }
}

class Output {
  readonly #most: number;
  #buffer = Buffer.alloc(65_536);
  #length = 0;
  #crc = 0;

  constructor(most: number) {
    this.#most = most;
  }

  startBlock(): void {
    this.#crc = -1;
  }

  blockCrc(): number {
    return ~this.#crc >>> 0;
  }

  write(byte: number, times: number): void {
    const length = this.#length + times;
    if (length > this.#most) {
      throw new UndecodableMessage("too-large", `the body inflates to more than ${this.#most} bytes`);
    }
    if (length > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2);
    for (; this.#length < length; this.#length++) {
      this.#buffer[this.#length] = byte;
      this.#crc = (this.#crc << 8) ^ crcs[(this.#crc >>> 24) ^ byte]!;
    }
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** CRC-32 with the highest bit first, as bzip2 has it. */
const crcs = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});

function damaged(): UndecodableMessage {
  return malformed("the bzip2 body is damaged");
}
