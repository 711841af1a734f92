import type { TaskToSend } from "../message/encode-task.ts";
import { writeJson } from "../message/write-json.ts";
import type { Plan } from "./plan.ts";
import type { CanvasServices } from "./services.ts";

/** Does what was planned: whoever counts is ready before anybody can be counted. */
export async function carryOut(plan: Plan, { results, send }: Pick<CanvasServices, "results" | "send">): Promise<void> {
  await Promise.all([
    ...plan.groups.map(({ groupId, group }) => results.saveGroup(groupId, group)),
    ...plan.chords.map(({ groupId, size }) => results.startChord(groupId, size)),
  ]);
  if (plan.tasks.length <= few) return void (await Promise.all(plan.tasks.map(send)));
  for (let from = 0; from < plan.tasks.length; ) {
    const most = slice(plan.tasks[from]!);
    await Promise.all(plan.tasks.slice(from, from + most).map(send));
    from += most;
  }
}

const few = 16;

/**
 * The members of a group share what comes before and after them, a large value or a chord's body, and each message has a copy
 * of it: that many go at a time as have room in memory.
 */
function slice({ args, kwargs, embed }: TaskToSend): number {
  const size = writeJson([args, kwargs, embed]).length;
  return Math.min(1_000, Math.max(1, Math.floor((8 << 20) / size)));
}
