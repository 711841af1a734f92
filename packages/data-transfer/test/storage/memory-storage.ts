import { createHash } from "node:crypto";
import { ObjectChanged, ObjectMissing } from "../../src/errors/source.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** Objects in memory, given in chunks of 1000 bytes. The first version of each is called `one`, others by what they are. */
export function memoryStorage(objects: Readonly<Record<string, Uint8Array>>, chunkSize = 1000): Storage {
  const name = "memory";
  const first = { ...objects };
  const find = (key: string) => {
    const bytes = objects[key];
    if (bytes === undefined) throw new ObjectMissing({ storage: name, key });
    return bytes;
  };
  const versionOf = (key: string) => {
    const bytes = find(key);
    first[key] ??= bytes;
    return first[key] === bytes ? "one" : createHash("md5").update(bytes).digest("hex");
  };
  return {
    name,
    async stat(key, signal) {
      signal.throwIfAborted();
      return { key, size: find(key).length, etag: versionOf(key) };
    },
    async *read(key, { start, end }, pin, signal) {
      const bytes = find(key).subarray(start, end);
      if (versionOf(key) !== pin.etag) {
        throw new ObjectChanged({ storage: name, key, pinned: pin.etag, found: versionOf(key) });
      }
      for (let at = 0; at < bytes.length; at += chunkSize) {
        signal.throwIfAborted();
        yield bytes.subarray(at, at + chunkSize);
      }
    },
    async close() {},
  };
}
