/** The tasks that both pools are tested with. What they say goes through their context, which the test holds. */
import { DeadLetter, Ignore, Requeue } from "../../src/worker/outcomes.ts";
import type { Task } from "../../src/worker/task.ts";

/** A class that nobody but this application knows, and that never sets its name, as most do. */
class PaymentDeclined extends Error {
  readonly code = "DECLINED";
  readonly amount = 2n ** 64n;
}

/** Resolves with the reason when the signal aborts. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener("abort", () => resolve(signal.reason));
  });
}

const tasks: Record<string, Task["run"]> = {
  echo: async ({ request }) => request.args,
  async inert({ request: { kwargs } }) {
    const copy = Object.assign(Object.create(null), kwargs);
    const prototypes = [kwargs, kwargs.deep].map((object) => Object.getPrototypeOf(object));
    return { keys: Object.keys(kwargs), admin: copy.admin ?? null, prototypes };
  },
  request: async ({ request }) => ({ ...request, etaIsDate: request.eta instanceof Date }),
  nothing: async () => undefined,
  /** Runs until the test answers. */
  gate: (context) => context.send("gate", context.request.id),

  /** Tells why it shall end, and then ends by it. */
  async obedient(context) {
    await context.updateState("BEGUN", null);
    const reason = await aborted(context.signal);
    await context.updateState("ENDS", (reason as Error).constructor.name);
    throw reason;
  },
  async cleansUp(context) {
    await context.updateState("BEGUN", null);
    await aborted(context.signal);
    await context.updateState("CLEANED", null);
    return "cleaned up";
  },
  /** Has no ear for anything, but pauses. */
  async deaf(context) {
    await context.updateState("BEGUN", null);
    await context.send("gate", context.request.id);
    return "too late";
  },
  async leaseWatcher(context) {
    await context.updateState("BEGUN", null);
    throw await aborted(context.leaseLost);
  },

  async declined() {
    throw new PaymentDeclined("no money", { cause: new TypeError("no account", { cause: "a text" }) });
  },
  async aggregate() {
    throw new AggregateError([new RangeError("one"), new Error("two")], "both");
  },
  async throwsText() {
    throw "only a text";
  },
  throwsAtOnce() {
    throw new RangeError("before it began");
  },
  async oddError() {
    throw Object.assign(new Error("odd"), {
      socket: new Map(),
      self: () => 1,
      count: 3,
      __type__: "odd",
      __value__: 1,
    });
  },
  retry: async (context) => context.retry({ countdown: 7, maxRetries: 2, cause: new RangeError("not yet") }),
  retryForEver: async (context) => context.retry({ maxRetries: Number.POSITIVE_INFINITY }),
  replace: async (context) =>
    context.replace({ task: "other", args: [1], kwargs: {}, options: {}, subtask_type: null, immutable: false }),
  async ignore() {
    throw new Ignore("not today");
  },
  async requeue() {
    throw new Requeue("somebody else");
  },
  async deadLetter() {
    throw new DeadLetter("bad-arguments", "nobody can do this");
  },

  async calls(context) {
    await context.updateState("PROGRESS", { done: 1, of: 2 });
    await context.settleOther("other-id", { result: new Date(0) });
    const sent = await context.send("elsewhere", "another", { args: [1], countdown: 5 });
    const applied = await context.apply({
      ...{ task: "third", args: [], kwargs: {}, options: {} },
      ...{ subtask_type: null, immutable: true },
    });
    return [sent, applied];
  },
  async refusedCall(context) {
    try {
      return await context.send("refused", "another");
    } catch (error) {
      const { name, message, code, cause } = error as Error & { code: string };
      return { name, message, code, cause: (cause as Error).message };
    }
  },
  async logs({ log }) {
    log.info("it %s", "begins");
    log.child({ part: 7 }).warn({ err: new RangeError("odd", { cause: new Error("deep") }), count: 1 }, "look here");
    log.debug("not for this level");
  },
};

export default Object.entries(tasks).map(([name, run]): Task => ({ name, run }));
