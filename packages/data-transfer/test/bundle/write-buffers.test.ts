import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { bytesOf, createWriteBuffers, type Stretch } from "../../src/bundle/write-buffers.ts";

const slabSize = 1000;

test("what is put comes out as it was, whatever is done to it afterwards, and neighbours make one stretch", () => {
  const buffers = createWriteBuffers(slabSize);
  const stretches: Stretch[] = [];
  const pieces = [randomBytes(300), randomBytes(0), randomBytes(200), randomBytes(2600), randomBytes(1)];
  const expected = Buffer.concat(pieces);
  for (const piece of pieces) {
    buffers.put(piece, stretches);
    piece.fill(0);
  }
  assert.ok(Buffer.concat(stretches.map(bytesOf)).equals(expected));
  assert.equal(stretches.length, Math.ceil(expected.length / slabSize));
  assert.equal(buffers.used, stretches.length);
});

test("a slab that two files share is used again only when both are written", () => {
  const buffers = createWriteBuffers(slabSize);
  const [first, second, third]: [Stretch[], Stretch[], Stretch[]] = [[], [], []];
  buffers.put(randomBytes(400), first);
  buffers.put(Buffer.alloc(400, "second"), second);
  buffers.release(first);
  buffers.put(Buffer.alloc(900, "third"), third);
  assert.equal(Buffer.concat(second.map(bytesOf)).toString(), "second".repeat(67).slice(0, 400));
  assert.equal(buffers.used, 2);
  buffers.release(second);
  buffers.release(third);
  assert.equal(buffers.used, 0);
});

test("however much passes through, no more memory is taken than was in use at once", () => {
  const buffers = createWriteBuffers(slabSize);
  const memories = new Set<unknown>();
  const waiting: Stretch[][] = [];
  let most = 0;
  for (let number = 0; number < 5000; number++) {
    const stretches: Stretch[] = [];
    buffers.put(Buffer.alloc(1 + ((number * 7919) % 1500), number % 256), stretches);
    for (const { slab } of stretches) memories.add(slab);
    waiting.push(stretches);
    most = Math.max(most, buffers.used);
    // Not in the order in which they came.
    if (waiting.length > 6) buffers.release(waiting.splice(number % 5, 1)[0]!);
  }
  assert.equal(memories.size, most);
  for (const stretches of waiting) buffers.release(stretches);
  assert.equal(buffers.used, 0);
});
