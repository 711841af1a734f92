/** An abort controller that costs nothing until somebody asks for its signal: most tasks never do. */
export class Alarm {
  #controller: AbortController | undefined;
  #raised: { reason: unknown } | undefined;

  /** The first reason counts. */
  raise(reason: unknown): void {
    if (this.#raised) return;
    this.#raised = { reason };
    this.#controller?.abort(reason);
  }

  get raised(): boolean {
    return this.#raised !== undefined;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#raised) this.#controller.abort(this.#raised.reason);
    }
    return this.#controller.signal;
  }
}
