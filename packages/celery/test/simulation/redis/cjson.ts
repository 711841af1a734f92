import { globals, lua, luaType, pushFunction, pushString, raise, readString, setField, state } from "./lua.ts";
import { general } from "./number.ts";

/**
 * The library `cjson` as Redis has it (lua-cjson 2.1 with its defaults), where it differs from JSON as others know it:
 * an empty table is `{}`, numbers are written with 14 digits, null is a light userdata, a slash is escaped, and numbers
 * of C's `strtod` (hexadecimal, infinities) are read.
 */
export function openCjson(): void {
  lua._lua_createtable(state, 0, 3);
  const table = lua._lua_gettop(state);
  setField(table, "encode", () => pushFunction(() => answer(() => pushString(encode(1, 0)))));
  setField(table, "decode", () => pushFunction(() => answer(() => decode(readString(1)))));
  setField(table, "null", () => lua._lua_pushlightuserdata(state, 0));
  pushString("cjson");
  lua._lua_pushvalue(state, table);
  lua._lua_rawset(state, globals);
  lua._lua_settop(state, 0);
}

class CjsonError extends Error {}

function answer(act: () => void): number {
  try {
    act();
    return 1;
  } catch (error) {
    if (!(error instanceof CjsonError)) throw error;
    return raise(() => pushString(error.message));
  }
}

// ---- Writing ----

const deepest = 1000;

function encode(index: number, depth: number): string {
  switch (lua._lua_type(state, index)) {
    case luaType.string:
      return quote(readString(index));
    case luaType.number:
      return encodeNumber(lua._lua_tonumber(state, index));
    case luaType.boolean:
      return lua._lua_toboolean(state, index) === 1 ? "true" : "false";
    case luaType.nil:
      return "null";
    case luaType.table:
      if (depth + 1 > deepest) throw new CjsonError(`Cannot serialise, excessive depth (${depth + 1})`);
      return encodeTable(index, depth + 1);
    case luaType.lightUserdata:
      if (lua._lua_topointer(state, index) === 0) return "null";
  }
  throw new CjsonError("Cannot serialise: type not supported");
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new CjsonError("Cannot serialise number: must not be NaN or Inf");
  return general(value, 14);
}

function encodeTable(index: number, depth: number): string {
  if (lua._lua_checkstack(state, 3) === 0) throw new CjsonError("Cannot serialise: stack is full");
  const length = arrayLength(index);
  if (length > 0) {
    const members: string[] = [];
    for (let i = 1; i <= length; i++) {
      lua._lua_rawgeti(state, index, i);
      members.push(encode(lua._lua_gettop(state), depth));
      lua._lua_settop(state, -2);
    }
    return `[${members.join(",")}]`;
  }
  const members: string[] = [];
  lua._lua_pushnil(state);
  while (lua._lua_next(state, index) !== 0) {
    const value = lua._lua_gettop(state);
    members.push(`${encodeKey(value - 1)}:${encode(value, depth)}`);
    lua._lua_settop(state, value - 1);
  }
  return `{${members.join(",")}}`;
}

function encodeKey(index: number): string {
  const type = lua._lua_type(state, index);
  if (type === luaType.number) return `"${encodeNumber(lua._lua_tonumber(state, index))}"`;
  if (type === luaType.string) return quote(readString(index));
  throw new CjsonError("Cannot serialise: table key must be a number or string");
}

/** Of a table whose keys are all positive integers: the greatest. Else, and when it is empty, 0. */
function arrayLength(index: number): number {
  let [greatest, count] = [0, 0];
  lua._lua_pushnil(state);
  while (lua._lua_next(state, index) !== 0) {
    lua._lua_settop(state, -2);
    const key = lua._lua_type(state, -1) === luaType.number ? lua._lua_tonumber(state, -1) : 0;
    if (!Number.isInteger(key) || key < 1) {
      lua._lua_settop(state, -2);
      return 0;
    }
    greatest = Math.max(greatest, key);
    count++;
  }
  if (greatest > count * 2 && greatest > 10) throw new CjsonError("Cannot serialise table: excessively sparse array");
  return greatest;
}

const escapes: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "/": "\\/",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

function quote(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  const escaped = bytes.replace(/["\\/\x00-\x1f\x7f]/g, (byte) => {
    return escapes[byte] ?? `\\u${byte.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

// ---- Reading: onto Lua's stack, one value ----

function decode(text: string): void {
  if (text.length >= 2 && (text[0] === "\0" || text[1] === "\0")) {
    throw new CjsonError("JSON parser does not support UTF-16 or UTF-32");
  }
  const after = space(text, decodeValue(text, space(text, 0), 0));
  if (after < text.length && text[after] !== "\0") throw unexpected("the end", after);
}

function decodeValue(text: string, at: number, depth: number): number {
  switch (text[at]) {
    case "{":
      return decodeObject(text, at, enter(depth));
    case "[":
      return decodeArray(text, at, enter(depth));
    case '"':
      return decodeString(text, at);
  }
  for (const [word, push] of words) {
    if (!text.startsWith(word, at)) continue;
    push();
    return at + word.length;
  }
  number.lastIndex = at;
  const found = number.exec(text)?.[0];
  if (found === undefined) throw unexpected("value", at);
  lua._lua_pushnumber(state, parseNumber(found));
  return at + found.length;
}

const words: [string, () => void][] = [
  ["true", () => lua._lua_pushboolean(state, 1)],
  ["false", () => lua._lua_pushboolean(state, 0)],
  ["null", () => lua._lua_pushlightuserdata(state, 0)],
];

const number =
  /[-+]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)|(?:\d+\.?\d*|(?<=[-+])\.\d+)(?:e[-+]?\d+)?|inf(?:inity)?|nan)/iy;

function parseNumber(text: string): number {
  const [, sign, digits] = /^([-+]?)(.*)$/.exec(text.toLowerCase())!;
  const size = digits!.startsWith("inf")
    ? Number.POSITIVE_INFINITY
    : digits === "nan"
      ? Number.NaN
      : digits!.startsWith("0x")
        ? hexadecimal(digits!.slice(2))
        : Number(digits);
  return sign === "-" ? -size : size;
}

function hexadecimal(digits: string): number {
  const [whole = "", fraction = ""] = digits.split(".");
  return Number.parseInt(`0${whole}${fraction}`, 16) / 16 ** fraction.length;
}

function enter(depth: number): number {
  if (depth + 1 > deepest || lua._lua_checkstack(state, 3) === 0) throw new CjsonError("Found too many nested data");
  return depth + 1;
}

function decodeObject(text: string, at: number, depth: number): number {
  lua._lua_createtable(state, 0, 0);
  const table = lua._lua_gettop(state);
  let i = space(text, at + 1);
  if (text[i] === "}") return i + 1;
  while (true) {
    if (text[i] !== '"') throw unexpected("object key string", i);
    i = space(text, decodeString(text, i));
    if (text[i] !== ":") throw unexpected("colon", i);
    i = space(text, decodeValue(text, space(text, i + 1), depth));
    lua._lua_rawset(state, table);
    if (text[i] === "}") return i + 1;
    if (text[i] !== ",") throw unexpected("comma or object end", i);
    i = space(text, i + 1);
  }
}

function decodeArray(text: string, at: number, depth: number): number {
  lua._lua_createtable(state, 0, 0);
  const table = lua._lua_gettop(state);
  let i = space(text, at + 1);
  if (text[i] === "]") return i + 1;
  for (let n = 1; ; n++) {
    i = space(text, decodeValue(text, i, depth));
    lua._lua_rawseti(state, table, n);
    if (text[i] === "]") return i + 1;
    if (text[i] !== ",") throw unexpected("comma or array end", i);
    i = space(text, i + 1);
  }
}

function decodeString(text: string, at: number): number {
  special.lastIndex = at + 1;
  let [decoded, from] = ["", at + 1];
  while (true) {
    const found = special.exec(text);
    if (!found || found[0] === "\0") throw unexpected("the end of a string", text.length);
    decoded += text.slice(from, found.index);
    from = special.lastIndex;
    if (found[0] === '"') break;
    decoded += readEscape(found[0], found.index);
  }
  pushString(decoded);
  return from;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a NUL ends cjson's strings
const special = /"|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\.|\x00/gs;

const unescaped: Record<string, string> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r" };

function readEscape(sequence: string, at: number): string {
  const letter = sequence[1]!;
  if ('"\\/'.includes(letter)) return letter;
  if (unescaped[letter] !== undefined) return unescaped[letter];
  if (letter !== "u") throw new CjsonError(`Expected value but found invalid escape code at character ${at + 1}`);
  const units = sequence.split("\\u").slice(1);
  const character = String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16)));
  if (units[0] === "" || !character.isWellFormed()) {
    throw new CjsonError(`Expected value but found invalid unicode escape code at character ${at + 1}`);
  }
  return Buffer.from(character).toString("latin1");
}

function space(text: string, at: number): number {
  while (" \t\n\r".includes(text[at] ?? "x")) at++;
  return at;
}

function unexpected(wanted: string, at: number): CjsonError {
  return new CjsonError(`Expected ${wanted} at character ${at + 1}`);
}
