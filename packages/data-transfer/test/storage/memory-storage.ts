import { ObjectMissing } from "../../src/errors/source.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** Objects that never change, given in chunks of 1000 bytes. */
export function memoryStorage(objects: Readonly<Record<string, Uint8Array>>, chunkSize = 1000): Storage {
  const name = "memory";
  const find = (key: string) => {
    const bytes = objects[key];
    if (bytes === undefined) throw new ObjectMissing({ storage: name, key });
    return bytes;
  };
  return {
    name,
    async stat(key) {
      return { key, size: find(key).length, etag: "one" };
    },
    async *read(key, { start, end }, _pin, signal) {
      const bytes = find(key).subarray(start, end);
      for (let at = 0; at < bytes.length; at += chunkSize) {
        signal.throwIfAborted();
        yield bytes.subarray(at, at + chunkSize);
      }
    },
    async close() {},
  };
}
