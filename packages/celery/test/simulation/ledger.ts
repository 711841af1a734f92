import { type Fate, type Hold, owner } from "./hold.ts";
import type { MessageName } from "./message.ts";
import { nameIn } from "./message.ts";
import { copies, newlyMissing, nothing, outOfOrder, type Picture, takePicture } from "./picture.ts";
import type { Process } from "./process.ts";
import { Failure, type Reply } from "./redis/reply.ts";
import type { RedisHost, Request, Witness } from "./redis-host.ts";
import { Violation } from "./rules.ts";
import { argumentsOf, presented } from "./script-calls.ts";
import type { Timeline } from "./timeline.ts";
import type { Troubles } from "./troubles.ts";
import { type WaitingOptions, WaitingTimes } from "./waiting-times.ts";

interface Memory {
  published: Set<MessageName>;
  finished: Map<MessageName, Fate>;
  holds: Map<string, Hold>;
  picture: Picture;
}

export interface LedgerOptions extends WaitingOptions {
  /** What our workers take for kombu's visibility timeout, in ms. */
  visibilityTimeout: number;
  lists: readonly string[];
  /** Key of the dead letters. */
  deadLetters: string;
}

/**
 * Follows every message by what each command should do, and compares with what it did. It knows the protocol's rules,
 * not its scores and marks.
 */
export class Ledger implements Witness {
  violation: Violation | undefined;
  readonly published = new Set<MessageName>();
  readonly finished = new Map<MessageName, Fate>();
  readonly holds = new Map<string, Hold>();
  /** Popped by a Python peer and not yet recorded in `unacked`: in nobody's books. */
  readonly inHands = new Map<MessageName, Process>();
  readonly troubles: Troubles;
  /** How often each message's task has started. */
  readonly runs = new Map<MessageName, number>();
  /** What allows another start, one each. */
  readonly explanations = new Map<MessageName, string[]>();
  readonly deaths = new Map<MessageName, number>();
  readonly #waiting: WaitingTimes;
  readonly #host: RedisHost;
  readonly #timeline: Timeline;
  readonly #options: LedgerOptions;
  /** Restarts that lost writes leave some messages in two places, or in none. */
  readonly #exempt = new Set<MessageName>();
  #picture: Picture = nothing;

  constructor(host: RedisHost, timeline: Timeline, troubles: Troubles, options: LedgerOptions) {
    this.#host = host;
    this.#timeline = timeline;
    this.troubles = troubles;
    this.#options = options;
    this.#waiting = new WaitingTimes(host, timeline, options);
  }

  /** Messages that are neither acknowledged nor dead-lettered nor lost by Python. */
  get unfinished(): MessageName[] {
    return [...this.published].filter((name) => !this.finished.has(name) && !this.#exempt.has(name));
  }

  saw(by: Process, request: Request, replies: Reply[]): void {
    this.#watch(() => this.#judge(by, request, replies));
  }

  /** The first promise that was broken counts; it must not be caught by the code that is judged. */
  #watch(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation ??= error;
    }
  }

  #judge(by: Process, request: Request, replies: Reply[]): void {
    const before = this.#picture;
    const { lists, deadLetters } = this.#options;
    const now = takePicture(this.#host.redis.space, lists, deadLetters);
    this.#picture = now;
    const vanished = new Set([...before.unacked.keys()].filter((tag) => !now.unacked.has(tag)));
    this.#explain(by, request, replies[0] ?? null, { before, now, vanished });
    for (const tag of vanished) {
      throw new Violation(
        "unexpected",
        `${request.about} by ${by.name} took ${before.unacked.get(tag)} out of unacked`,
      );
    }
    this.#conserve(now, `${request.about} by ${by.name}`);
    this.#waiting.check(this.holds.values(), (name) => this.#exempt.has(name));
  }

  /** In the end nothing is left. */
  end(): void {
    this.#watch(() => {
      if (this.unfinished.length > 0) throw new Violation("not-finished", this.unfinished.join(", "));
    });
  }

  /** A task starts to run. */
  start(name: MessageName, by: Process): void {
    const starts = (this.runs.get(name) ?? 0) + 1;
    this.runs.set(name, starts);
    this.#watch(() => {
      if (starts - 1 > (this.explanations.get(name)?.length ?? 0) && !this.#exempt.has(name)) {
        throw new Violation("ran-twice-without-fault", `${name} is started again by ${by.name}`);
      }
    });
  }

  /** Its holder has heard that it holds it. */
  known(tag: string, by: Process, deaths: number): void {
    const hold = this.holds.get(tag);
    if (hold?.by === by) hold.known = true;
    if (!hold) return;
    const counted = this.deaths.get(hold.name) ?? 0;
    this.#watch(() => {
      if (deaths <= counted) return;
      throw new Violation("deaths-miscounted", `${hold.name} tells of ${deaths} deaths, there were ${counted}`);
    });
  }

  /** What a peer has taken and not recorded will never be: it died, or never got the answer. */
  fellIntoPythonsHole(by: Process): void {
    for (const [name, peer] of this.inHands) {
      if (peer !== by) continue;
      this.inHands.delete(name);
      this.finished.set(name, "lost by Python");
    }
  }

  explain(name: MessageName, why: string): void {
    const known = this.explanations.get(name);
    if (known) known.push(why);
    else this.explanations.set(name, [why]);
  }

  remember(): Memory {
    return {
      published: new Set(this.published),
      finished: new Map(this.finished),
      holds: new Map([...this.holds].map(([tag, hold]) => [tag, { ...hold }])),
      picture: this.#picture,
    };
  }

  recall(memory: unknown): void {
    const { published, finished, holds, picture } = memory as Memory;
    for (const name of this.published) {
      this.explain(name, "Redis lost its last writes");
      if (!published.has(name) || this.inHands.has(name)) this.#exempt.add(name);
    }
    const there = copies(picture);
    for (const [name, fate] of this.finished) {
      // Taken before what is remembered, and lost after it.
      if (fate === "lost by Python" && !there.has(name)) finished.set(name, fate);
    }
    refill(this.published, published);
    refill(this.finished, finished);
    refill(this.holds, holds);
    this.#picture = picture;
  }

  // ---- What each command may do ----

  #explain(by: Process, request: Request, reply: Reply, seen: Seen): void {
    // A restarted server does not know the script: it is sent again.
    if (reply instanceof Failure && reply.message.startsWith("NOSCRIPT")) return;
    switch (request.about) {
      case "publish":
        for (const [, , text] of request.commands) this.published.add(nameIn(text!));
        break;
      case "pop":
        this.#popped(by, request, seen);
        break;
      case "renew":
      case "acknowledge":
      case "requeue":
      case "retry":
      case "park":
      case "dead-letter":
        this.#settled(by, request.about, argumentsOf(request), reply, seen);
        break;
      case "restore-orphans":
        this.#restored(seen);
        break;
      case "peer takes":
        for (const name of newlyMissing(seen.before, seen.now)) {
          if (request.abandoned || !by.alive) this.finished.set(name, "lost by Python");
          else this.inHands.set(name, by);
          this.#waiting.taken(name);
        }
        break;
      case "peer scans":
        this.#scannedByPeer(by, reply, Number(request.commands[0]![2]));
        break;
      case "peer records":
        this.#recorded(by, request, seen);
        break;
      case "peer acknowledges":
      case "peer forgets":
      case "peer gives back":
      case "peer restores":
        this.#tookAsPeer(by, request, seen);
    }
  }

  #popped(by: Process, request: Request, { before, now }: Seen): void {
    const [lease, nonce] = argumentsOf(request);
    const popped = [...now.unacked].filter(([tag]) => !before.unacked.has(tag));
    for (const [, name] of popped) this.#waiting.taken(name);
    for (const [i, [tag, name]] of popped.entries()) {
      const hold = { name, tag, by, side: "ours", nonce, since: this.#timeline.now, known: false } as const;
      this.holds.set(tag, { ...hold, ends: this.#endOfLease(lease, i), parkedUntil: undefined });
    }
    for (const [list, names] of before.lists) {
      const left = now.lists.get(list) ?? [];
      if (left.some((name, i) => names[i] !== name))
        throw new Violation("not-next", `popped from the middle of ${list}`);
    }
  }

  #settled(by: Process, about: Settling, args: string[], reply: Reply, { now, vanished }: Seen): void {
    for (const [i, { tag, nonce, answer, next }] of presented(about, args, reply).entries()) {
      const hold = this.holds.get(tag);
      const isIts = hold !== undefined && hold.nonce === nonce && hold.by === by && hold.parkedUntil === undefined;
      if (answer && !isIts) throw new Violation("settled-anothers", `${about} of ${tag} by ${by.name}: ${owner(hold)}`);
      if (!answer && isIts) throw new Violation("refused-own", `${about} of ${hold.name} by ${by.name}`);
      if (!answer || !hold) continue;
      if (about === "renew") {
        hold.ends = this.#endOfLease(args[0], i);
        hold.since = this.#timeline.now;
        continue;
      }
      if (about === "park") {
        hold.parkedUntil = Number(next) * 1000;
        hold.since = this.#timeline.now;
        this.explain(hold.name, "it was parked");
        continue;
      }
      if (!vanished.delete(tag)) throw new Violation("unexpected", `${about} left ${tag} in unacked`);
      this.holds.delete(tag);
      if (about === "acknowledge") this.finished.set(hold.name, "acknowledged");
      else if (about === "dead-letter") this.finished.set(hold.name, "dead-lettered");
      else this.explain(hold.name, about);
      if (about === "requeue" && ![...now.lists.values()].some((names) => names.at(-1) === hold.name)) {
        throw new Violation("not-next", `${hold.name} was requeued by ${by.name} and is not at the head of a queue`);
      }
    }
  }

  #restored({ before, now, vanished }: Seen): void {
    const given: Hold[] = [];
    for (const tag of [...vanished]) {
      const hold = this.holds.get(tag);
      if (!hold) continue;
      vanished.delete(tag);
      this.holds.delete(tag);
      if (hold.parkedUntil !== undefined) this.#checkDue(hold);
      else if (hold.side === "ours") {
        if (this.#host.now() < hold.ends - 1) throw new Violation("live-lease-restored", owner(hold));
        this.#explainLapse(hold);
        this.deaths.set(hold.name, (this.deaths.get(hold.name) ?? 0) + 1);
        this.#waiting.givenBack(hold.name);
        given.push(hold);
      } else {
        const early = this.#host.now() - this.#options.visibilityTimeout < hold.ends - 1;
        if (early || this.#host.redis.space.kind("unacked_mutex"))
          throw new Violation("peer-restored-early", owner(hold));
        this.explain(hold.name, "its peer's visibility timeout had passed");
      }
    }
    const misplaced = outOfOrder(before, now, given);
    if (misplaced)
      throw new Violation("not-next", `${misplaced} was restored, and is not in its place at the head of a queue`);
  }

  #recorded(by: Process, request: Request, { now }: Seen): void {
    const [, , score, tag] = request.commands[0]!;
    const name = now.unacked.get(tag!);
    if (name === undefined) return;
    const other = this.holds.get(tag!);
    if (other?.side === "ours" && !this.#isOver(other)) {
      throw new Violation("peer-took-live-lease", `${by.name} recorded ${name} over an entry: ${owner(other)}`);
    }
    this.inHands.delete(name);
    if (this.finished.get(name) === "lost by Python") this.finished.delete(name);
    const hold = {
      name,
      tag: tag!,
      by,
      side: "peer",
      nonce: undefined,
      since: this.#timeline.now,
      known: true,
    } as const;
    this.holds.set(tag!, { ...hold, ends: Number(score) * 1000, parkedUntil: undefined });
  }

  #tookAsPeer(by: Process, request: Request, { vanished }: Seen): void {
    const { about } = request;
    for (const tag of [...vanished]) {
      const hold = this.holds.get(tag);
      if (!hold) continue;
      vanished.delete(tag);
      this.holds.delete(tag);
      if (hold.side === "ours") this.#checkTakenByPeer(hold, by, request);
      if (about === "peer acknowledges") this.finished.set(hold.name, "acknowledged");
      // Its reject with requeue acknowledges the tag after the message has been given back: another peer's may go with it.
      else if (about === "peer forgets") this.finished.set(hold.name, "lost by Python");
      else this.explain(hold.name, `${about} (${by.name})`);
    }
  }

  /** What a peer finds old it gives back a little later, without another look at its score. */
  #scannedByPeer(by: Process, tags: Reply, oldest: number): void {
    for (const tag of Array.isArray(tags) ? tags : []) {
      const hold = this.holds.get(tag as string);
      if (hold?.side !== "ours" || this.#isOver(hold)) continue;
      // To a clock that is ahead of Redis' by more than what is left of a lease, every lease looks ended.
      if (oldest * 1000 < (hold.parkedUntil ?? hold.ends) - 1) {
        throw new Violation("peer-took-live-lease", `${by.name} finds old: ${owner(hold)}`);
      }
      hold.misjudged = true;
    }
  }

  #checkTakenByPeer(hold: Hold, by: Process, { about }: Request): void {
    if (this.#isOver(hold)) {
      if (hold.parkedUntil === undefined) this.#explainLapse(hold);
      return;
    }
    if (hold.misjudged && about === "peer restores") return;
    throw new Violation("peer-took-live-lease", `${about} (${by.name}): ${owner(hold)}`);
  }

  /** Those of one command end a little one after the other. */
  #endOfLease(seconds: string | undefined, place: number): number {
    return this.#host.now() + Number(seconds) * 1000 + place / 1000;
  }

  #isOver(hold: Hold): boolean {
    return this.#host.now() >= (hold.parkedUntil ?? hold.ends) - 1;
  }

  #explainLapse(hold: Hold): void {
    // A stall before the pop counts, too: by its own clock the holder may have thought the lease over from the beginning.
    const from = hold.since - this.#options.lease;
    const trouble = hold.known ? this.troubles.during(hold.by, from, this.#timeline.now)?.what : "its pop was lost";
    if (trouble === undefined) throw new Violation("lapsed-without-fault", owner(hold));
    this.explain(hold.name, trouble);
  }

  #checkDue(hold: Hold): void {
    const early = hold.parkedUntil! - this.#host.now();
    if (early > 1) throw new Violation("parked-came-early", `${hold.name} came back ${early} ms before its time`);
  }

  // ---- What holds whatever was done ----

  #conserve(now: Picture, what: string): void {
    const count = copies(now);
    for (const name of this.published) {
      if (this.#exempt.has(name)) continue;
      const there = (count.get(name) ?? 0) + (this.inHands.has(name) ? 1 : 0);
      const fate = this.finished.get(name);
      if (there > 1) throw new Violation("two-places", `${name} is in ${there} places after ${what}`);
      if (there === 0 && fate === undefined) throw new Violation("gone", `${name} is nowhere after ${what}`);
      const isThere = there === 1 && !now.deadLetters.includes(name);
      if (isThere && fate !== undefined) throw new Violation("came-back", `${name}, ${fate}, is there after ${what}`);
    }
  }
}

type Settling = "renew" | "acknowledge" | "requeue" | "retry" | "park" | "dead-letter";

interface Seen {
  before: Picture;
  now: Picture;
  /** Tags that are no longer in `unacked`; each must be accounted for. */
  vanished: Set<string>;
}

function refill<T>(to: Set<T> | Map<unknown, unknown>, from: Iterable<unknown>): void {
  to.clear();
  for (const one of from) {
    if (to instanceof Map) to.set((one as [unknown, unknown])[0], (one as [unknown, unknown])[1]);
    else to.add(one as T);
  }
}
