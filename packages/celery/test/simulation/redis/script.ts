import { openCjson } from "./cjson.ts";
import {
  globals,
  LuaError,
  loadChunk,
  lua,
  luaType,
  pushFunction,
  pushString,
  raise,
  readString,
  runChunk,
  setField,
  state,
} from "./lua.ts";
import { redisDouble } from "./number.ts";
import { Failure, ok, type Reply, Status } from "./reply.ts";

/** Runs a command for a script. */
export type Call = (command: string[]) => Reply;

/** The scripts that this process has compiled, by their text. */
const compiled = new Map<string, number>();

let call: Call = () => new Failure("ERR no script runs");

/** Runs a Lua script as Redis does: `KEYS`, `ARGV`, `redis.call`, `cjson`; no other globals are found, none are made. */
export function runScript(source: string, keys: readonly string[], args: readonly string[], caller: Call): Reply {
  const chunk = compile(source);
  if (chunk instanceof Failure) return chunk;
  setGlobal("KEYS", keys);
  setGlobal("ARGV", args);
  call = caller;
  return runChunk(chunk, (threw) => (threw ? readThrown() : readReply(1)));
}

function compile(source: string): number | Failure {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  try {
    const chunk = loadChunk(source);
    compiled.set(source, chunk);
    return chunk;
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    return new Failure(`ERR Error compiling script (new function): ${error.message}`);
  }
}

// ---- The world that a script sees ----

openCjson();
openRedis();
protectGlobals();

function openRedis(): void {
  lua._lua_createtable(state, 0, 4);
  const table = lua._lua_gettop(state);
  setField(table, "call", () => pushFunction(() => answerCall(true)));
  setField(table, "pcall", () => pushFunction(() => answerCall(false)));
  setField(table, "sha1hex", () => pushFunction(() => raise(() => pushString("sha1hex is not simulated"))));
  for (const kind of ["error", "status"] as const) {
    setField(table, `${kind}_reply`, () =>
      pushFunction(() => pushSingle(kind === "error" ? "err" : "ok", readString(1))),
    );
  }
  pushString("redis");
  lua._lua_pushvalue(state, table);
  lua._lua_rawset(state, globals);
  lua._lua_settop(state, 0);
}

/** As Redis: what is not there is an error and not nil, and nothing new is made. What scripts cannot have is taken away. */
function protectGlobals(): void {
  const source = `
    io, package, require, module, dofile, loadfile, print, debug, newproxy = nil
    os = { clock = os.clock }
    -- A C long has 32 bits in WebAssembly, so %d is written by way of a double.
    local format = string.format
    function string.format(text, ...)
      local args, n = { ... }, 0
      local wide = text:gsub('%%([-+ #0]*%d*%.?%d*)([%a%%])', function(flags, kind)
        if kind == '%' then return end
        n = n + 1
        if kind ~= 'd' and kind ~= 'i' or type(tonumber(args[n])) ~= 'number' then return end
        args[n] = (args[n] < 0 and math.ceil(args[n]) or math.floor(args[n])) + 0
        return '%' .. flags .. '.0f'
      end)
      return format(wide, unpack(args, 1, select('#', ...)))
    end
    setmetatable(_G, {
      __index = function(_, name) error('Script attempted to access nonexistent global variable \\'' .. tostring(name) .. '\\'', 2) end,
      __newindex = function() error('Attempt to modify a readonly table', 2) end,
    })
  `;
  runChunk(loadChunk(source), (threw) => {
    if (threw) throw new Error(readString(1));
  });
}

function setGlobal(name: string, values: readonly string[]): void {
  lua._lua_settop(state, 0);
  pushString(name);
  lua._lua_createtable(state, values.length, 0);
  for (const [i, value] of values.entries()) {
    pushString(value);
    lua._lua_rawseti(state, 2, i + 1);
  }
  lua._lua_rawset(state, globals);
}

function answerCall(throws: boolean): number {
  const command: string[] = [];
  const count = lua._lua_gettop(state);
  for (let i = 1; i <= count; i++) {
    const type = lua._lua_type(state, i);
    if (type === luaType.string) command.push(readString(i));
    else if (type === luaType.number) command.push(redisDouble(lua._lua_tonumber(state, i)));
    else return fail(throws, "ERR Lua redis lib command arguments must be strings or integers");
  }
  if (count === 0) return fail(throws, "ERR Please specify at least one argument for this redis.call() call");
  const reply = call(command);
  if (reply instanceof Failure) return fail(throws, reply.message);
  pushReply(reply);
  return 1;
}

function fail(throws: boolean, message: string): number {
  if (throws) return raise(() => pushSingle("err", message));
  return pushSingle("err", message);
}

/** A table with one field, as errors and statuses are in Lua. */
function pushSingle(field: "err" | "ok", text: string): number {
  lua._lua_createtable(state, 0, 1);
  setField(lua._lua_gettop(state), field, () => pushString(text));
  return 1;
}

function pushReply(reply: Reply): void {
  if (typeof reply === "number") lua._lua_pushnumber(state, reply);
  else if (typeof reply === "string") pushString(reply);
  else if (reply === null) lua._lua_pushboolean(state, 0);
  else if (reply instanceof Status) pushSingle("ok", reply.text);
  else if (reply instanceof Failure) pushSingle("err", reply.message);
  else pushArray(reply);
}

function pushArray(members: Reply[]): void {
  lua._lua_checkstack(state, 4);
  lua._lua_createtable(state, members.length, 0);
  const table = lua._lua_gettop(state);
  for (const [i, member] of members.entries()) {
    pushReply(member);
    lua._lua_rawseti(state, table, i + 1);
  }
}

// ---- What a script answers ----

function readReply(index: number): Reply {
  switch (lua._lua_type(state, index)) {
    case luaType.string:
      return readString(index);
    case luaType.number:
      return Math.trunc(lua._lua_tonumber(state, index)) + 0;
    case luaType.boolean:
      return lua._lua_toboolean(state, index) === 1 ? 1 : null;
    case luaType.table:
      return readTable(index);
    default:
      return null;
  }
}

function readTable(index: number): Reply {
  const error = readField(index, "err");
  if (error !== undefined) return new Failure(error);
  const status = readField(index, "ok");
  if (status !== undefined) return status === "OK" ? ok : new Status(status);
  const members: Reply[] = [];
  for (let i = 1; ; i++) {
    lua._lua_checkstack(state, 4);
    lua._lua_rawgeti(state, index, i);
    const member = lua._lua_gettop(state);
    const ended = lua._lua_type(state, member) === luaType.nil;
    if (!ended) members.push(readReply(member));
    lua._lua_settop(state, member - 1);
    if (ended) return members;
  }
}

function readField(table: number, name: string): string | undefined {
  pushString(name);
  lua._lua_rawget(state, table);
  const value = lua._lua_type(state, -1) === luaType.string ? readString(-1) : undefined;
  lua._lua_settop(state, -2);
  return value;
}

function readThrown(): Failure {
  if (lua._lua_type(state, 1) === luaType.table) return new Failure(readField(1, "err") ?? "ERR unknown error");
  return new Failure(`ERR ${readString(1)}`);
}
