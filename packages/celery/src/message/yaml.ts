import type { MessageLimits } from "./limits.ts";
import { plainData } from "./plain-data.ts";
import { PythonDate } from "./python-values.ts";
import { writeTyped } from "./typed-json.ts";
import { malformed, tooDeep, UndecodableMessage } from "./undecodable-message.ts";
import { UnencodableValue } from "./unencodable-value.ts";
import { pythonYamlSchema, yamlLibrary } from "./yaml-schema.ts";

/**
 * Reads YAML as PyYAML's `safe_load` does. Tags other than those of plain data are refused, Python's own above all.
 * Objects come without a prototype.
 *
 * @throws {UndecodableMessage} `malformed`, `too-deep`, `too-many-aliases`, `unknown-type`
 */
export function readYaml(text: string, limits: MessageLimits): unknown {
  const value = load(text, limits);
  // Few aliases of aliases are enough for a value that has no end once it is written somewhere.
  const most = Math.max(text.length, 100_000);
  if (expandedSize(value, limits.maxDepth, most, 0) > most) {
    throw new UndecodableMessage("too-many-aliases", `aliases make more than ${most} values of it`);
  }
  return value;
}

/** Writes YAML as PyYAML's `safe_load` reads it. Decimals, times and uuids go as texts: it has no form for them. */
export function writeYaml(value: unknown): string {
  const plain = plainData(value, (object) => (isYamlScalar(object) ? object : writeTyped(object, true)));
  try {
    return yamlLibrary().dump(plain, { schema: pythonYamlSchema("writing"), noRefs: true, lineWidth: -1 });
  } catch (cause) {
    throw new UnencodableValue("the value cannot be sent as YAML", { cause });
  }
}

function load(text: string, { maxDepth, maxAliases }: MessageLimits): unknown {
  const { EVENT_ID, YAMLException, constructFromEvents, parseEvents } = yamlLibrary();
  try {
    const events = parseEvents(text, { maxDepth });
    const aliases = events.filter(({ type }) => type === EVENT_ID.ALIAS).length;
    if (aliases > maxAliases) {
      throw new UndecodableMessage("too-many-aliases", `${aliases} aliases, at most ${maxAliases} are read`);
    }
    const documents = constructFromEvents(events, { source: text, schema: pythonYamlSchema("reading"), json: true });
    if (documents.length !== 1) throw malformed(`${documents.length} YAML documents instead of one`);
    return documents[0];
  } catch (error) {
    if (error instanceof UndecodableMessage) throw error;
    if (error instanceof YAMLException && error.reason?.startsWith("nesting exceeded")) throw tooDeep(maxDepth);
    throw malformed("the body is not YAML", error);
  }
}

/** How many values it is when every alias stands for what it names; counts no further than `most`. */
function expandedSize(value: unknown, maxDepth: number, most: number, depth: number): number {
  if (typeof value !== "object" || value === null) return 1;
  if (depth > maxDepth) throw tooDeep(maxDepth);
  let size = 1;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    size += expandedSize(member, maxDepth, most - size, depth + 1);
    if (size > most) return size;
  }
  return size;
}

function isYamlScalar(value: object): boolean {
  return (
    value instanceof PythonDate ||
    value instanceof Uint8Array ||
    (value instanceof Date && !Number.isNaN(value.getTime()))
  );
}
