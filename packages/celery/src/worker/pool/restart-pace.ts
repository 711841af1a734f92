const [first, longest] = [100, 5_000];

/**
 * How long to wait before the next child is started. A child that dies of a task is replaced at once: each costs a task, so
 * that they cannot become a flood; and so is the first that dies without one. Further ones are started ever
 * more slowly, and one at a time, until one has worked.
 */
export class RestartPace {
  #failures = 0;

  get isSlow(): boolean {
    return this.#failures > 1;
  }

  /** In ms: 100, doubling up to 5,000. */
  get delay(): number {
    return this.isSlow ? Math.min(first * 2 ** (this.#failures - 2), longest) : 0;
  }

  /** A child died that never had a task. */
  failed(): void {
    this.#failures++;
  }

  /** A child had a task. */
  worked(): void {
    this.#failures = 0;
  }
}
