import type { TestContext } from "node:test";
import { type TestWorld, type TestWorldOptions, testWorld } from "../../src/testing/index.ts";

/** A world that is closed when the test ends. */
export async function worldFor(t: TestContext, options: TestWorldOptions): Promise<TestWorld> {
  const world = await testWorld(options);
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}
