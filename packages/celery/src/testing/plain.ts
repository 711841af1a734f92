/**
 * The same data in ordinary objects and lists. What comes out of messages has no prototype, so that no key means
 * anything; `assert.deepStrictEqual` would find it different from what a test writes down.
 */
export function plain<T>(value: T): T {
  return structuredClone(value);
}
