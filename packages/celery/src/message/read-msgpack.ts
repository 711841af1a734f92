import { isUtf8 } from "node:buffer";
import type { MessageLimits } from "./limits.ts";
import { malformed, tooDeep, UndecodableMessage } from "./undecodable-message.ts";

/**
 * Reads MessagePack as Python's `msgpack.unpackb(raw=False)` does: texts are UTF-8 or an error, maps become objects
 * without a prototype, integers beyond 2^53 BigInt, bytes a Buffer. Never asks for memory because a header claims a
 * length: every item has to be there.
 *
 * @throws {UndecodableMessage} `malformed`, `too-deep`, `unknown-type` (extension types)
 */
export function readMsgpack(bytes: Buffer, { maxDepth }: MessageLimits): unknown {
  let at = 0;
  const value = read(0);
  if (at !== bytes.length) throw malformed("bytes follow the MessagePack value");
  return value;

  function read(depth: number): unknown {
    const code = bytes[take(1)]!;
    if (code <= 0x7f) return code;
    if (code <= 0x8f) return map(code & 0x0f, depth);
    if (code <= 0x9f) return array(code & 0x0f, depth);
    if (code <= 0xbf) return text(code & 0x1f);
    if (code >= 0xe0) return code - 0x100;
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return binary(unsigned(1 << (code - 0xc4)));
      case 0xca:
        return bytes.readFloatBE(take(4));
      case 0xcb:
        return bytes.readDoubleBE(take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return unsigned(1 << (code - 0xcc));
      case 0xcf:
        return asNumber(bytes.readBigUInt64BE(take(8)));
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return signed(1 << (code - 0xd0));
      case 0xd3:
        return asNumber(bytes.readBigInt64BE(take(8)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return text(unsigned(1 << (code - 0xd9)));
      case 0xdc:
      case 0xdd:
        return array(unsigned(code === 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return map(unsigned(code === 0xde ? 2 : 4), depth);
      case 0xc1:
        throw malformed("the body is not MessagePack");
      default:
        throw new UndecodableMessage("unknown-type", "the body holds a MessagePack extension type");
    }
  }

  /** Where the next `size` bytes begin. */
  function take(size: number): number {
    const start = at;
    if (size > bytes.length - start) throw malformed("the MessagePack body ends too early");
    at += size;
    return start;
  }

  function unsigned(size: number): number {
    return bytes.readUIntBE(take(size), size);
  }

  function signed(size: number): number {
    return bytes.readIntBE(take(size), size);
  }

  function binary(size: number): Buffer {
    const start = take(size);
    return bytes.subarray(start, at);
  }

  function text(size: number): string {
    const part = binary(size);
    if (!isUtf8(part)) throw malformed("a text in the MessagePack body is not UTF-8");
    return part.toString("utf8");
  }

  function array(length: number, depth: number): unknown[] {
    if (depth >= maxDepth) throw tooDeep(maxDepth);
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) values.push(read(depth + 1));
    return values;
  }

  function map(size: number, depth: number): Record<string, unknown> {
    if (depth >= maxDepth) throw tooDeep(maxDepth);
    const object: Record<string, unknown> = Object.create(null);
    for (let i = 0; i < size; i++) object[key(read(depth + 1))] = read(depth + 1);
    return object;
  }
}

/** Objects here have texts for keys; Python's may have numbers, which get the text that JSON would give them. */
function key(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw malformed("a key in the MessagePack body is neither a text nor a number");
}

function asNumber(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
