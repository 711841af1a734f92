import type { QueriedTask } from "../../client/control-replies.ts";
import { pythonRepr } from "../../message/python-repr.ts";
import type { TaskOptions } from "../task.ts";
import { mostExchanged, readRevokes, writeRevokes } from "./exchanged-revokes.ts";
import type { ControlContext, ControlMethod } from "./method.ts";
import { queueInfo } from "./queue-info.ts";
import { ok } from "./reply.ts";
import { report } from "./report.ts";
import { endedInfo, requestInfo, scheduledInfo } from "./request-info.ts";
import { shownConfiguration } from "./shown-configuration.ts";
import { workerStats } from "./worker-stats.ts";

/** Methods that change nothing but the clock: `celery inspect`. */
export const inspectMethods: readonly ControlMethod[] = [
  { name: "ping", access: "inspect", run: () => ok("pong") },
  { name: "clock", access: "inspect", run: ({ clock }) => ({ clock: clock.value }) },
  { name: "report", access: "inspect", run: ({ inside }) => ok(report(inside)) },
  { name: "stats", access: "inspect", run: ({ inside, clock }) => workerStats(inside, clock) },
  {
    name: "conf",
    alias: "dump_conf",
    access: "inspect",
    run: ({ inside }) => shownConfiguration(inside),
  },
  { name: "active_queues", access: "inspect", run: ({ inside }) => inside.queues().map(queueInfo) },
  { name: "revoked", alias: "dump_revoked", access: "inspect", run: ({ revoked }) => revoked.ids() },
  {
    name: "active",
    alias: "dump_active",
    access: "inspect",
    run: (context, args) =>
      held(context, "active").map((view) => requestInfo(view, context.inside.name, args.flag("safe"))),
  },
  {
    name: "reserved",
    alias: "dump_reserved",
    access: "inspect",
    run: (context) => held(context, "reserved").map((view) => requestInfo(view, context.inside.name)),
  },
  {
    name: "scheduled",
    alias: "dump_schedule",
    access: "inspect",
    run: (context) => held(context, "scheduled").map((view) => scheduledInfo(view, context.inside.name)),
  },
  {
    name: "query_task",
    access: "inspect",
    run: (context, args) => queryTasks(context, args.texts("ids")),
  },
  {
    name: "registered",
    alias: "dump_tasks",
    access: "inspect",
    run({ inside }, args) {
      const items = args.has("taskinfoitems") ? args.texts("taskinfoitems") : [];
      return inside
        .tasks()
        .filter(({ name }) => args.flag("builtins") || !name.startsWith("celery."))
        .map((task) => taskLine(task, items.length > 0 ? items : ["rate_limit"]))
        .sort();
    },
  },
  {
    name: "hello",
    access: "inspect",
    run({ inside, revoked, clock, access, log }, args) {
      const from = args.text("from_node");
      if (from === inside.name) return undefined;
      log.info({ node: from }, "a worker has come, and asks what is revoked");
      // Whoever may only look must not revoke by this way either.
      if (access === "full") revoked.merge(readRevokes(args.value("revoked")));
      return { revoked: writeRevokes(revoked.recent(mostExchanged)), clock: clock.forward() };
    },
  },
  {
    // Celery counts it among the commands that change something; event receivers send it to everybody when they start.
    name: "heartbeat",
    access: "inspect",
    run({ heart }) {
      heart?.beat();
    },
  },
  { name: "memsample", access: "inspect", run: memory },
  { name: "memdump", access: "inspect", run: () => `- rss (end): ${memory()}.\n` },
  {
    name: "objgraph",
    access: "inspect",
    run() {
      throw Object.assign(new Error("Requires the objgraph library"), { name: "ImportError" });
    },
  },
];

function held({ inside }: ControlContext, state: "active" | "reserved" | "scheduled") {
  return inside.requests().filter((view) => view.state === state);
}

function queryTasks({ inside }: ControlContext, ids: readonly string[]): Record<string, QueriedTask> {
  const wanted = new Set(ids);
  const found: Record<string, QueriedTask> = Object.create(null);
  for (const id of wanted) if (inside.isDone(id)) found[id] = ["ready", endedInfo(id, inside.name)];
  for (const view of inside.requests()) {
    const { id } = view.request;
    if (wanted.has(id)) found[id] = [view.state === "active" ? "active" : "reserved", requestInfo(view, inside.name)];
  }
  return found;
}

/** `name [rate_limit=5/s]`, with those of the items that are set. */
function taskLine(task: TaskOptions & { name: string }, items: readonly string[]): string {
  const options = Object.entries(task);
  const set = items.flatMap((item) => {
    const camelCase = item.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
    const [, value] = options.find(([key]) => key === camelCase) ?? [];
    if (value === undefined || typeof value === "function") return [];
    return [`${item}=${typeof value === "string" ? value : pythonRepr(value)}`];
  });
  return set.length > 0 ? `${task.name} [${set.join(" ")}]` : task.name;
}

/** Resident memory, as Python's `humanbytes` writes it. */
function memory(): string {
  return `${Number((process.memoryUsage.rss() / 2 ** 20).toPrecision(5))}MB`;
}
