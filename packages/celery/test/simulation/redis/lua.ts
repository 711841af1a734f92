import wasmoon from "wasmoon-lua5.1";

/** What we call of Lua's C interface, Lua 5.1 as in Redis; the names are Lua's. A `State` and a `Pointer` are addresses. */
export interface LuaInterface {
  HEAPU8: Uint8Array;
  addFunction(implementation: (state: State) => number, signature: "ii"): Pointer;
  _malloc(bytes: number): Pointer;
  _free(at: Pointer): void;
  _luaL_newstate(): State;
  _luaL_openlibs(state: State): void;
  _luaL_loadbuffer(state: State, text: Pointer, length: number, name: Pointer): number;
  _luaL_ref(state: State, table: number): number;
  _lua_pcall(state: State, args: number, results: number, handler: number): number;
  _lua_error(state: State): number;
  _lua_gettop(state: State): number;
  _lua_settop(state: State, top: number): void;
  _lua_checkstack(state: State, extra: number): number;
  _lua_type(state: State, index: number): LuaType;
  _lua_toboolean(state: State, index: number): 0 | 1;
  _lua_tonumber(state: State, index: number): number;
  _lua_tolstring(state: State, index: number, length: Pointer): Pointer;
  _lua_topointer(state: State, index: number): Pointer;
  _lua_pushnil(state: State): void;
  _lua_pushboolean(state: State, value: 0 | 1): void;
  _lua_pushnumber(state: State, value: number): void;
  _lua_pushlstring(state: State, text: Pointer, length: number): void;
  _lua_pushlightuserdata(state: State, value: Pointer): void;
  _lua_pushcclosure(state: State, implementation: Pointer, upvalues: number): void;
  _lua_pushvalue(state: State, index: number): void;
  _lua_createtable(state: State, array: number, record: number): void;
  _lua_rawget(state: State, table: number): void;
  _lua_rawset(state: State, table: number): void;
  _lua_rawgeti(state: State, table: number, index: number): void;
  _lua_rawseti(state: State, table: number, index: number): void;
  _lua_next(state: State, table: number): number;
}

export type State = number;
export type Pointer = number;

/** A Lua error that is no table. */
export class LuaError extends Error {}

export type LuaType = (typeof luaType)[keyof typeof luaType];
export const luaType = { nil: 0, boolean: 1, lightUserdata: 2, number: 3, string: 4, table: 5, function: 6 } as const;
export const registry = -10_000;
export const globals = -10_002;

const { LuaApi } = wasmoon as unknown as { LuaApi: { initialize(): Promise<{ module: LuaInterface }> } };

/** One interpreter for the process: a script leaves nothing behind in it. */
export const lua: LuaInterface = (await LuaApi.initialize()).module;
export const state: State = lua._luaL_newstate();
lua._luaL_openlibs(state);

// ---- Strings: in Lua and in the simulated Redis they are bytes; here each byte is a character (latin1). ----

let heap = Buffer.from(lua.HEAPU8.buffer);
let scratch = lua._malloc(1 << 16);
let scratchSize = 1 << 16;
const lengthAt = lua._malloc(4);

/** The interpreter's memory; anew after it has grown. */
function memory(): Buffer {
  if (heap.buffer !== lua.HEAPU8.buffer) heap = Buffer.from(lua.HEAPU8.buffer);
  return heap;
}

/** Puts the bytes where Lua can read them; valid until the next call. */
function lend(bytes: string): Pointer {
  if (bytes.length > scratchSize) {
    lua._free(scratch);
    scratchSize = bytes.length * 2;
    scratch = lua._malloc(scratchSize);
  }
  memory().write(bytes, scratch, "latin1");
  return scratch;
}

export function pushString(bytes: string): void {
  lua._lua_pushlstring(state, lend(bytes), bytes.length);
}

/** A string, or a number as Lua writes it. In place: of a number on the stack it makes a string, as Lua does. */
export function readString(index: number): string {
  const at = lua._lua_tolstring(state, index, lengthAt);
  const length = memory().readUInt32LE(lengthAt);
  return memory().toString("latin1", at, at + length);
}

/** Pops nothing; the table is at `table`, an absolute index. */
export function setField(table: number, name: string, push: () => void): void {
  pushString(name);
  push();
  lua._lua_rawset(state, table);
}

export function pushFunction(implementation: () => number): void {
  lua._lua_pushcclosure(state, lua.addFunction(implementation, "ii"), 0);
}

/** Throws a Lua error; nothing may follow. */
export function raise(push: () => void): number {
  push();
  return lua._lua_error(state);
}

const chunkName = lua._malloc(16);
memory().write("@user_script\0", chunkName, "latin1");

/** Compiles a script. @returns a reference for {@link runChunk} @throws {LuaError} when it does not compile */
export function loadChunk(source: string): number {
  const failed = lua._luaL_loadbuffer(state, lend(source), source.length, chunkName);
  if (failed === 0) return lua._luaL_ref(state, registry);
  const message = readString(-1);
  lua._lua_settop(state, 0);
  throw new LuaError(message);
}

/** Runs a chunk and reads what it returned, or what it threw, while that lies on the stack (index 1). */
export function runChunk<T>(reference: number, read: (threw: boolean) => T): T {
  lua._lua_settop(state, 0);
  lua._lua_rawgeti(state, registry, reference);
  const failed = lua._lua_pcall(state, 0, 1, 0);
  try {
    return read(failed !== 0);
  } finally {
    lua._lua_settop(state, 0);
  }
}
