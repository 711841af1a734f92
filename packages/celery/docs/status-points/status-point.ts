/** One point of what this package promises, and the tests that show it. docs/status.md is made from these. */
export interface StatusPoint {
  title: string;
  promises: readonly Promised[];
}

export interface Promised {
  /** In a sentence, as a user may rely on it. */
  promise: string;
  /** File below packages/celery, and title, as it stands in the file. At least one. */
  tests: readonly TestReference[];
}

export type TestReference = readonly [file: `${string}.ts`, title: string];
