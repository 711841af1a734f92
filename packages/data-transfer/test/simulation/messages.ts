import type { OurWorker } from "../../../celery/test/simulation/our-worker.ts";
import type { Process } from "../../../celery/test/simulation/process.ts";
import type { Reply } from "../../../celery/test/simulation/redis/reply.ts";
import type { RedisHost, Request, Witness } from "../../../celery/test/simulation/redis-host.ts";
import { argumentsOf, presented } from "../../../celery/test/simulation/script-calls.ts";
import type { Judge } from "./judge.ts";

type Held = Parameters<ConstructorParameters<typeof OurWorker>[0]["perform"]>[0];

/** The id of a message's task, which is its item's. */
export function taskIdIn(text: string): string {
  return /"id": ?"([^"]+)"/.exec(text)?.[1] ?? "";
}

/** Follows messages through Redis: which there are, whose tasks run, and when they are acknowledged. */
export class Messages implements Witness {
  readonly #host: RedisHost;
  readonly #judge: Judge;
  readonly #lists: readonly string[];
  readonly #running = new Set<Held>();
  /** Task ids of entries in `unacked`, by delivery tag. */
  readonly #held = new Map<string, string>();
  /** Something has happened by which messages get lost, or come twice. */
  disturbed = false;
  /** Nothing has gone wrong at all. */
  readonly #isCalm: () => boolean;

  constructor(host: RedisHost, judge: Judge, lists: readonly string[], isCalm: () => boolean) {
    this.#isCalm = isCalm;
    this.#host = host;
    this.#judge = judge;
    this.#lists = lists;
  }

  begins(held: Held): void {
    this.#running.add(held);
  }

  ends(held: Held): void {
    this.#running.delete(held);
  }

  saw(by: Process, request: Request, replies: Reply[]): void {
    if (request.about === "pop") {
      for (const [tag, entry] of this.#unacked()) this.#held.set(tag, taskIdIn(entry));
    }
    if (request.about !== "acknowledge") return;
    for (const { tag, answer } of presented(request.about, argumentsOf(request), replies[0]!)) {
      if (answer) this.#acknowledged(tag, by);
    }
  }

  remember(): unknown {
    return undefined;
  }

  recall(): void {}

  /** Messages that wait or are held. */
  get left(): number {
    return this.#waiting().length + this.#unacked().size;
  }

  #acknowledged(tag: string, by: Process): void {
    this.#judge.count("acknowledged");
    const id = this.#held.get(tag) ?? "";
    const running = [...this.#running].find(({ delivery }) => delivery.tag === tag);
    if (running) this.#judge.break("acknowledged-early", `${by.name} acknowledges ${id}, whose task still runs`);
    const item = this.#judge.itemOf(id);
    const isDuplicate = [...this.#running].some(({ delivery }) => taskIdIn(delivery.raw) === id);
    if (item?.status === "in_progress" && item.claimed_by === by.name && this.#isCalm() && !isDuplicate) {
      this.#judge.break("acknowledged-undone", `${by.name} acknowledges item ${item.id}, which it still works on`);
    }
    if (item?.status !== "scheduled" || this.disturbed) return;
    const others = [...this.#waiting(), ...this.#unacked().values()].filter((text) => taskIdIn(text) === id);
    if (others.length > 0) return;
    this.#judge.break(
      "acknowledged-undone",
      `item ${item.id} is scheduled, and ${by.name} acknowledged its only message`,
    );
  }

  #unacked(): ReadonlyMap<string, string> {
    return this.#host.redis.space.read("unacked", "hash") ?? new Map();
  }

  #waiting(): string[] {
    return this.#lists.flatMap((list) => this.#host.redis.space.read(list, "list") ?? []);
  }
}
