import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { parseInertJson } from "../../src/message/inert-json.ts";
import { writeJson } from "../../src/message/write-json.ts";

/** Reads what kombu >= 5.3 writes, which is younger than Debian's; an answer is plain JSON. */
const preamble = `
import base64, datetime, decimal, json, sys, uuid

def typed(o):
    if o.keys() != {"__type__", "__value__"}:
        return o
    value = o["__value__"]
    return {
        "datetime": datetime.datetime.fromisoformat, "date": datetime.date.fromisoformat,
        "time": datetime.time.fromisoformat, "decimal": decimal.Decimal, "bytes": lambda v: v.encode(),
        "base64": base64.b64decode, "uuid": lambda v: uuid.UUID(v["hex"]),
    }[o["__type__"]](value)

def answer(value):
    json.dump(value, sys.stdout)

question = json.load(sys.stdin, object_hook=typed)
`;

/**
 * Runs a program in Debian's Python, in which `question` is a value of ours, and which hands its answer to `answer()`.
 *
 * @throws {Error} with what it wrote to standard error
 */
export async function askPython(program: string, question: unknown): Promise<unknown> {
  const child = spawn("/usr/bin/python3", ["-c", preamble + program], { env: { PYTHONDONTWRITEBYTECODE: "1" } });
  child.stdin.end(writeJson(question));
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (out === "") throw new Error(error);
  return parseInertJson(out, { maxLength: Number.POSITIVE_INFINITY, maxDepth: 500, maxAliases: 0 });
}
