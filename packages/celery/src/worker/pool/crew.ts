import type { Logger } from "pino";
import { within } from "../waiting.ts";
import { after } from "./after.ts";
import { Child, type ChildOptions, type Death } from "./child-process.ts";
import type { ChildRun, ChildState } from "./child-run.ts";
import { startOrphanGuard } from "./orphan-guard.ts";
import { RestartPace } from "./restart-pace.ts";

export interface CrewOptions extends Omit<ChildOptions, "tellMemory"> {
  /** Children that shall be there. */
  size: number;
  /** Tasks after which a child is replaced; undefined: never. */
  maxTasks: number | undefined;
  /** KiB beyond which a child is replaced when its task has ended; undefined: never. */
  maxMemory: number | undefined;
  log: Logger;
  /** A child is free. */
  onFree(): void;
}

/** A child and where it stands. */
export interface Member {
  readonly child: Child;
  state: "starting" | "free" | "busy";
  /** What runs in it. */
  run: ChildRun | undefined;
  /** Tasks that it was given. */
  tasks: number;
  /** Has had its last task, or has it now. */
  isLeaving: boolean;
  /** Holds too much memory: it leaves when another one is ready. */
  isHeavy: boolean;
}

/** Time in ms that killed children get to be gone. */
const dyingGrace = 5_000;

/**
 * The children of a pool: as many as there shall be, each replaced when it dies, has done its number of tasks, or has
 * grown too large. The replacement starts ahead where that can be foreseen.
 */
export class Crew {
  readonly members = new Set<Member>();
  /** Those who died without having been asked to. */
  deaths = 0;
  readonly #options: CrewOptions;
  readonly #pace = new RestartPace();
  readonly #free: Member[] = [];
  #size: number;
  #phase: "new" | "running" | "stopped" = "new";
  #guard: ReturnType<typeof startOrphanGuard> | undefined;
  #cancelRestart: (() => void) | undefined;
  #nextStart = new Date();
  #lastError = "";

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#size = options.size;
  }

  get crashLoop(): { next: Date; error: string } | undefined {
    return this.#pace.isSlow ? { next: this.#nextStart, error: this.#lastError } : undefined;
  }

  /** Resolves when all are ready. @throws {ChildStartFailed} for the first that fails; none is left then */
  async start(): Promise<void> {
    this.#guard = startOrphanGuard(this.#options.log);
    try {
      await Promise.all(Array.from({ length: this.#size }, () => this.#hire().child.ready));
    } catch (error) {
      await this.stop();
      throw error;
    }
    if (this.#phase !== "new") return;
    this.#phase = "running";
    this.#fill();
  }

  /** A free one, the latest that was at work: its code and caches are warm. */
  take(): Member | undefined {
    const member = this.#free.pop();
    if (!member) return undefined;
    member.state = "busy";
    member.tasks++;
    this.#pace.worked();
    if (member.tasks === this.#options.maxTasks) {
      member.isLeaving = true;
      this.#fill();
    }
    return member;
  }

  /** Its task has ended. */
  giveBack(member: Member, { memory = 0 }: ChildState): void {
    member.run = undefined;
    member.isHeavy = memory > (this.#options.maxMemory ?? Number.POSITIVE_INFINITY);
    this.#freed(member);
  }

  resize(size: number): void {
    this.#size = size;
    if (this.#phase === "running") this.#fill();
  }

  /** Ends all of them; those that work are killed. */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    this.#cancelRestart?.();
    const deaths = [...this.members].map(({ child, state }) => {
      if (state === "free") child.dismiss();
      else child.kill();
      return child.death;
    });
    await within(dyingGrace, Promise.all(deaths));
    for (const { child } of this.members) child.kill();
    this.#guard?.stop();
  }

  /** Brings the crew to its size. */
  #fill(): void {
    if (this.#phase !== "running") return;
    const staying = [...this.members].filter((member) => !member.isLeaving && !member.isHeavy);
    for (let surplus = staying.length - this.#size; surplus > 0; surplus--) {
      const member = this.#free.findLast((free) => !free.isHeavy);
      if (!member) return;
      this.#dismiss(member);
    }
    const missing = this.#size - staying.length;
    if (missing <= 0) return;
    if (!this.#pace.isSlow) {
      for (let count = 0; count < missing; count++) this.#hireNow();
    } else if (!staying.some(({ state }) => state === "starting")) {
      this.#hireLater();
    }
  }

  #hireNow(): void {
    try {
      this.#hire();
    } catch (error) {
      // No memory for another process. Other reasons come as the death of a child that never was.
      this.#lastError = (error as Error).message;
      this.#pace.failed();
      this.#hireLater();
    }
  }

  #hireLater(): void {
    if (this.#cancelRestart) return;
    const { delay } = this.#pace;
    this.#nextStart = new Date(Date.now() + delay);
    this.#cancelRestart = after(delay, () => {
      this.#cancelRestart = undefined;
      if (this.#phase === "running") this.#hireNow();
    });
  }

  #hire(): Member {
    const child = new Child({ ...this.#options, tellMemory: this.#options.maxMemory !== undefined });
    const member: Member = { child, state: "starting", run: undefined, tasks: 0, isLeaving: false, isHeavy: false };
    this.members.add(member);
    if (child.pid > 0) this.#guard?.watch(child.pid);
    void child.death.then((death) => this.#buried(member, death));
    child.ready.then(
      () => this.#freed(member),
      (error: Error) => {
        this.#lastError = error.message;
        if (this.#phase === "running")
          this.#options.log.error({ err: error, pid: child.pid }, "a child could not start");
        child.kill();
      },
    );
    return member;
  }

  #freed(member: Member): void {
    if (!this.members.has(member)) return;
    const isNew = member.state === "starting";
    member.state = "free";
    if (member.isLeaving) this.#dismiss(member);
    else this.#free.push(member);
    if (isNew) this.#replaceHeavy();
    this.#fill();
    this.#options.onFree();
  }

  #replaceHeavy(): void {
    const heavy = [...this.members].find(({ isHeavy, isLeaving }) => isHeavy && !isLeaving);
    if (heavy?.state === "free") this.#dismiss(heavy);
    else if (heavy) heavy.isLeaving = true;
  }

  #dismiss(member: Member): void {
    member.isLeaving = true;
    this.#removeFromFree(member);
    member.child.dismiss();
  }

  #buried(member: Member, death: Death): void {
    const { child, state, tasks, run } = member;
    const { exitCode, signal, error } = death;
    this.members.delete(member);
    this.#removeFromFree(member);
    this.#guard?.forget(child.pid);
    const expected = child.isDismissed || this.#phase === "stopped";
    if (!expected) {
      this.deaths++;
      const facts = { pid: child.pid, exitCode, signal, taskId: run?.job.request.id, err: error };
      this.#options.log.error(facts, "a child process died");
      // Its tasks' own processes go with it.
      child.kill();
    }
    if (state === "starting" || (!expected && tasks === 0)) {
      this.#pace.failed();
      if (state !== "starting") this.#lastError = error?.message ?? signal ?? `exit code ${exitCode}`;
    }
    run?.died(death);
    this.#fill();
  }

  #removeFromFree(member: Member): void {
    const index = this.#free.indexOf(member);
    if (index >= 0) this.#free.splice(index, 1);
  }
}
