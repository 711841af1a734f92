/** A row of the table in docs/reliability.md: a fault, what comes of it, and the test that shows it. */
export interface FaultRow {
  /** File of the test, below packages/data-transfer/test. */
  file: `${string}.test.ts`;
  /** What fails; the title of the test. */
  title: string;
  /** What the system does about it, by itself. */
  answer: string;
  /** What is not there afterwards that would be there otherwise. */
  lost: string;
  /** Longest time until all that was asked for is staged, with the settings as they are shipped. */
  shipped: string;
  /** The same in the test, with its short settings, in seconds. */
  within: number;
  /** Whether the time counts from the fault's end, and not from its beginning. */
  lasts: boolean;
}
