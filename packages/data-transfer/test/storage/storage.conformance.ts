import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { ObjectChanged, ObjectMissing } from "../../src/errors/source.ts";
import type { ByteRange, Pin, Storage } from "../../src/storage/storage.ts";

/** A storage to test, and a way to put something into it. */
export interface StorageUnderTest {
  storage: Storage;
  put(key: string, bytes: Uint8Array): Promise<void>;
}

/** What every backend, bare or decorated, has to do. `open` is called once for every test. */
export function testStorage(
  name: string,
  open: (t: { after(work: () => void | Promise<void>): void }) => Promise<StorageUnderTest>,
  { skip = false }: { skip?: false | string } = {},
): void {
  const never = new AbortController().signal;

  const it = (what: string, run: (world: StorageUnderTest) => Promise<void>) =>
    test(`${name}: ${what}`, { skip, timeout: 120_000 }, async (t) => {
      const world = await open(t);
      t.after(() => world.storage.close());
      await run(world);
    });

  it("tells size and version of an object, the same as long as it stays", async ({ storage, put }) => {
    await put("one.tar", Buffer.from("twelve bytes"));
    const first = await storage.stat("one.tar", never);
    assert.equal(first.key, "one.tar");
    assert.equal(first.size, 12);
    assert.notEqual(first.etag, "");
    assert.deepEqual(await storage.stat("one.tar", never), first);
  });

  it("gives exactly the bytes of a range", async ({ storage, put }) => {
    const bytes = randomBytes(3 * 1024 * 1024 + 17);
    await put("below/a/folder.tar", bytes);
    const pin = await storage.stat("below/a/folder.tar", never);
    const ranges: [ByteRange, Buffer][] = [
      [{ start: 0 }, bytes],
      [{ start: 0, end: 1 }, bytes.subarray(0, 1)],
      [{ start: 1024 * 1024 - 1, end: 2 * 1024 * 1024 + 1 }, bytes.subarray(1024 * 1024 - 1, 2 * 1024 * 1024 + 1)],
      [{ start: bytes.length - 1 }, bytes.subarray(-1)],
      [{ start: 10, end: bytes.length + 100 }, bytes.subarray(10)],
      [{ start: bytes.length }, Buffer.alloc(0)],
      [{ start: 5, end: 5 }, Buffer.alloc(0)],
    ];
    for (const [range, expected] of ranges) {
      const found = await collect(storage.read("below/a/folder.tar", range, pin, never));
      assert.ok(found.equals(expected), `${JSON.stringify(range)}: ${found.length} bytes for ${expected.length}`);
    }
  });

  it("reads an empty object", async ({ storage, put }) => {
    await put("empty.tar", Buffer.alloc(0));
    const pin = await storage.stat("empty.tar", never);
    assert.equal(pin.size, 0);
    assert.equal((await collect(storage.read("empty.tar", { start: 0 }, pin, never))).length, 0);
  });

  it("reads several objects and ranges at once", async ({ storage, put }) => {
    const objects = Array.from({ length: 6 }, (_, number) => ({ key: `many-${number}`, bytes: randomBytes(200_000) }));
    await Promise.all(objects.map(({ key, bytes }) => put(key, bytes)));
    await Promise.all(
      objects.map(async ({ key, bytes }) => {
        const pin = await storage.stat(key, never);
        const halves = await Promise.all([
          collect(storage.read(key, { start: 0, end: 100_000 }, pin, never)),
          collect(storage.read(key, { start: 100_000 }, pin, never)),
        ]);
        assert.ok(Buffer.concat(halves).equals(bytes));
      }),
    );
  });

  it("keeps odd but lawful names apart", async ({ storage, put }) => {
    const keys = ["with space.tar", "plus+and%25percent.tar", "ümlaut-日本.tar", "a?b#c&d=e.tar", "quote'\"<>.tar"];
    for (const key of keys) await put(key, Buffer.from(key));
    for (const key of keys) {
      const pin = await storage.stat(key, never);
      assert.equal((await collect(storage.read(key, { start: 0 }, pin, never))).toString(), key);
    }
  });

  it("says that an object is missing, to a question and to a read", async ({ storage, put }) => {
    const pin: Pin = { etag: '"d41d8cd98f00b204e9800998ecf8427e"', size: 5 };
    await put("there", Buffer.from("x"));
    await assert.rejects(storage.stat("missing", never), ObjectMissing);
    await assert.rejects(collect(storage.read("missing", { start: 0 }, pin, never)), ObjectMissing);
  });

  it("refuses to read another version than the pinned one", async ({ storage, put }) => {
    await put("replaced", Buffer.from("first version"));
    const pin = await storage.stat("replaced", never);
    await put("replaced", Buffer.from("other version"));
    await assert.rejects(collect(storage.read("replaced", { start: 0 }, pin, never)), ObjectChanged);
    await assert.rejects(collect(storage.read("replaced", { start: 3, end: 5 }, pin, never)), ObjectChanged);
    await assert.rejects(collect(storage.read("replaced", { start: 13 }, pin, never)), ObjectChanged);
    const now = await storage.stat("replaced", never);
    assert.equal((await collect(storage.read("replaced", { start: 0 }, now, never))).toString(), "other version");
  });

  it("stops when it is told to, with the reason that it is given", async ({ storage, put }) => {
    await put("long", randomBytes(8 * 1024 * 1024));
    const pin = await storage.stat("long", never);
    const stop = new AbortController();
    const reason = new Error("enough");
    const reading = (async () => {
      for await (const _ of storage.read("long", { start: 0 }, pin, stop.signal)) stop.abort(reason);
    })();
    await assert.rejects(reading, (error) => error === reason);
    await assert.rejects(storage.stat("long", stop.signal), (error) => error === reason);
  });

  it("can be left in the middle of a read, and read again", async ({ storage, put }) => {
    const bytes = randomBytes(4 * 1024 * 1024);
    await put("left", bytes);
    const pin = await storage.stat("left", never);
    for (let round = 0; round < 80; round++) {
      for await (const chunk of storage.read("left", { start: round }, pin, never)) {
        assert.ok(bytes.subarray(round, round + chunk.length).equals(chunk));
        break;
      }
    }
    assert.ok((await collect(storage.read("left", { start: 0 }, pin, never))).equals(bytes));
  });
}

/** All bytes: copied, since a chunk is good only until the next one is asked for. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) found.push(Uint8Array.from(chunk));
  return Buffer.concat(found);
}
