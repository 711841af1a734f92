interface Happening {
  at: number;
  order: number;
  act: () => void;
}

/**
 * Virtual time: things happen in the order of their times, and at one time in the order in which they were planned. What
 * a happening sets off in promises has ended before the next one.
 */
export class Timeline {
  /** Milliseconds since the beginning. */
  now = 0;
  /** Set when somebody's code has gone on, so that its promises have to be waited for. */
  touched = false;
  #order = 0;
  /** A heap: the earliest first. */
  #planned: Happening[] = [];

  after(ms: number, act: () => void): void {
    this.#push({ at: this.now + Math.max(0, ms), order: this.#order++, act });
  }

  /** Lets time pass; ends early when `until` says so. */
  async pass(ms: number, until: () => boolean = () => false): Promise<void> {
    const end = this.now + Math.max(0, ms);
    while (!until()) {
      const next = this.#planned[0];
      if (!next || next.at > end) {
        this.now = end;
        return;
      }
      this.#pop();
      this.now = next.at;
      next.act();
      if (this.touched) await settled();
      this.touched = false;
    }
  }

  #push(happening: Happening): void {
    const heap = this.#planned;
    let i = heap.push(happening) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(happening, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = happening;
  }

  #pop(): void {
    const heap = this.#planned;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** All promises that can go on have gone on, and what they left to the end of the turn of the event loop is done too. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
