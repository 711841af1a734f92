/**
 * Whatever can run something at its end: a test's context `t`, or `{ after }` from `node:test` for a server that a whole
 * file shares.
 */
export interface Scope {
  after(work: () => void | Promise<void>): void;
}
