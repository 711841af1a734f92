/** Fields of a header as they are to stand in it, right or wrong; what is left out is as a good tar program has it. */
export interface ForgedHeader {
  name?: string | Buffer;
  mode?: string;
  owner?: string | Buffer;
  group?: string;
  time?: string | Buffer;
  size?: number | string | Buffer;
  type?: string;
  linkname?: string | Buffer;
  magic?: string;
  prefix?: string | Buffer;
  /** The checksum field itself; computed when left out. */
  checksum?: string | Buffer;
  /** Computed otherwise than it should be: of signed bytes, or of the field's own zeroes in place of blanks. */
  sum?: "signed" | "own-field";
}

/** One block of 512 bytes. */
export function header(fields: ForgedHeader): Buffer {
  const { name = "file", mode = "0000640\0", size = 0, type = "0", linkname = "", prefix = "" } = fields;
  const block = Buffer.alloc(512);
  put(block, 0, 100, name);
  put(block, 100, 8, mode);
  put(block, 108, 8, fields.owner ?? "0000000\0");
  put(block, 116, 8, fields.group ?? "0000000\0");
  put(block, 124, 12, typeof size === "number" ? `${size.toString(8).padStart(11, "0")}\0` : size);
  put(block, 136, 12, fields.time ?? "00000000000\0");
  put(block, 156, 1, type);
  put(block, 157, 100, linkname);
  put(block, 257, 8, fields.magic ?? "ustar\x0000");
  put(block, 345, 155, prefix);
  block.fill(fields.sum === "own-field" ? 0 : 0x20, 148, 156);
  const signed = fields.sum === "signed" ? 256 : 0;
  const sum = block.reduce((total, byte) => total + byte - (byte > 127 ? signed : 0), 0);
  put(block, 148, 8, fields.checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** A header, a body, and the padding behind it. */
export function member(fields: ForgedHeader, body: string | Buffer = ""): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([header({ size: bytes.length, ...fields }), padded(bytes)]);
}

export function file(name: string | Buffer, body: string | Buffer = ""): Buffer {
  return member({ name }, body);
}

export function directory(name: string): Buffer {
  return member({ name, type: "5", mode: "0000750\0" });
}

/** A pax header whose records are as given. */
export function pax(records: Record<string, string | Buffer>, type = "x"): Buffer {
  return member({ name: "PaxHeader", type }, Buffer.concat(Object.entries(records).map(([k, v]) => paxRecord(k, v))));
}

export function paxRecord(keyword: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** GNU's long name. */
export function longName(name: string | Buffer, type = "L"): Buffer {
  const body = Buffer.concat([Buffer.from(name), Buffer.alloc(1)]);
  return member({ name: "././@LongLink", type, magic: "ustar  \0" }, body);
}

export const twoZeroBlocks = Buffer.alloc(1024);

/** The members, and what ends a tar. */
export function tar(...members: Buffer[]): Buffer {
  return Buffer.concat([...members, twoZeroBlocks]);
}

export function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function put(block: Buffer, start: number, length: number, value: string | Buffer): void {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  if (bytes.length > length) throw new Error(`${bytes.length} bytes do not fit into a field of ${length}`);
  bytes.copy(block, start);
}
