import { constants } from "node:os";
import { pythonRepr } from "../../message/python-repr.ts";
import { parseRate } from "../rate-limits.ts";
import { type ControlArguments, textsByName } from "./control-arguments.ts";
import type { ControlContext, ControlMethod } from "./method.ts";
import { failed, ok, valueError } from "./reply.ts";

/** Methods that change what becomes of tasks: `celery control revoke` and its like. */
export const taskMethods: readonly ControlMethod[] = [
  {
    name: "revoke",
    access: "full",
    run(context, args) {
      return revoke(context, args.texts("task_id"), args.flag("terminate") ? wantedSignal(args) : undefined);
    },
  },
  {
    name: "terminate",
    access: "full",
    run: (context, args) => revoke(context, args.texts("task_id"), wantedSignal(args)),
  },
  {
    name: "revoke_by_stamped_headers",
    access: "full",
    run: (context, args) =>
      revokeByStamps(
        context,
        textsByName(args.value("headers")),
        args.flag("terminate") ? wantedSignal(args) : undefined,
      ),
  },
  {
    name: "rate_limit",
    access: "full",
    run({ inside, log }, args) {
      const name = args.text("task_name");
      const limit = args.optionalText("rate_limit") ?? "";
      const perSecond = readRate(limit);
      if (perSecond === undefined) {
        return failed(`Invalid rate limit string: ValueError(${pythonRepr(limit.slice(0, 100))})`);
      }
      const problem = inside.setRateLimit(name, limit);
      if (problem) return failed(problem);
      log.info({ task: name, limit }, "remote control has set a rate limit");
      return ok(perSecond === 0 ? "rate limit disabled successfully" : "new rate limit set successfully");
    },
  },
  {
    name: "time_limit",
    access: "full",
    run({ inside, log }, args) {
      const name = args.text("task_name");
      const limits = { soft: args.number("soft"), hard: args.number("hard") };
      const problem = inside.setTimeLimits(name, limits);
      if (problem) return failed(problem);
      log.info({ task: name, ...limits }, "remote control has set time limits");
      return ok("time limits set successfully");
    },
  },
];

function revoke({ inside, revoked, log }: ControlContext, ids: readonly string[], signal: string | undefined) {
  for (const id of ids) revoked.add(id);
  log.info({ ids: ids.slice(0, 100), count: ids.length, signal }, "tasks are revoked by remote control");
  const known = inside.revoke(ids, signal);
  if (signal === undefined) return ok(`tasks ${ids.join(", ")} flagged as revoked`);
  return ok(known.length > 0 ? `terminate: ${known.join(", ")}` : "terminate: tasks unknown");
}

function revokeByStamps(
  { inside, revoked, log }: ControlContext,
  stamps: Readonly<Record<string, string[]>>,
  signal: string | undefined,
) {
  for (const [name, values] of Object.entries(stamps)) revoked.addStamp(name, values);
  log.info({ stamps, signal }, "tasks with these stamps are revoked by remote control");
  const carries = (carried: Readonly<Record<string, unknown>>) =>
    Object.entries(stamps).some(([name, values]) =>
      [carried[name] ?? []].flat().some((value) => values.includes(String(value))),
    );
  const ids = inside
    .requests()
    .filter(({ request }) => carries(request.stamps))
    .map(({ request }) => request.id);
  const known = inside.revoke(ids, signal);
  if (signal === undefined) return ok(`headers ${pythonRepr(stamps)} flagged as revoked, but not terminated`);
  return ok(`headers ${pythonRepr(stamps)} ${known.length > 0 ? "revoked" : "were not terminated"}`);
}

/** `TERM`, whether it was asked for as `SIGTERM`, `TERM`, 15 or not at all. */
function wantedSignal(args: ControlArguments): string {
  const asked = args.optionalText("signal") ?? "TERM";
  const name = asked.toUpperCase().replace(/^SIG/, "");
  const [known] =
    Object.entries(constants.signals).find(([signal, number]) => signal === `SIG${name}` || String(number) === name) ??
    [];
  if (known === undefined) throw valueError(`${asked.slice(0, 100)} is no signal`);
  return known.slice("SIG".length);
}

function readRate(limit: string): number | undefined {
  try {
    return parseRate(limit);
  } catch {
    return undefined;
  }
}
