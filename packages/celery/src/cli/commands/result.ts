import type { TaskMeta } from "../../results/results.ts";
import type { Command } from "../command.ts";
import { jsonText } from "../output.ts";
import { readOption } from "../read-option.ts";
import { withConnection } from "../with-connection.ts";

export const result: Command<{ id: string; traceback?: boolean; timeout?: number }> = {
  name: "result",
  summary: "waits for a task's result and prints it",
  description: "Exit code 1 when the task failed or was revoked.",
  arguments: [{ name: "<id>", description: "of the task" }],
  options: [
    { flags: "--traceback", description: "where it failed, instead of the result" },
    { flags: "--timeout <seconds>", description: "wait at most so long; 0: only look", read: readOption.seconds },
  ],
  examples: [
    {
      command:
        "celery-node result 3f1c62e6-6f0b-4d0c-9a37-1f1e3c1f7a10 --result-backend redis://localhost -b redis://localhost",
      purpose: "wait for it",
    },
    {
      command: "celery-node -A app.ts result 3f1c62e6-6f0b-4d0c-9a37-1f1e3c1f7a10 --timeout 0",
      purpose: "is it there?",
    },
  ],
  run: (context, { id, traceback, timeout }) =>
    withConnection(context, async ({ results }) => {
      const signals = timeout === undefined ? [] : [AbortSignal.timeout(timeout * 1000)];
      const waiting = AbortSignal.any([context.signal, ...signals]);
      const meta = timeout === 0 ? undefined : await results.waitFor(id, waiting).catch(unlessTimeUp(waiting));
      const found = meta ?? (await results.get(id));
      if (found === undefined) {
        context.output.result(null, []);
        context.output.note(`nothing is stored of ${id}: it waits, its result has expired, or there is no such task`);
        return 1;
      }
      context.output.result(found, [traceback ? (found.traceback ?? "") : shown(found)]);
      if (found.status !== "SUCCESS") context.output.note(`the task is in the state ${found.status}`);
      return found.status === "SUCCESS" ? 0 : 1;
    }),
};

/** When the time is over, what is stored now is the answer. */
function unlessTimeUp(waiting: AbortSignal) {
  return (error: unknown): undefined => {
    if (!(waiting.aborted && waiting.reason instanceof DOMException && waiting.reason.name === "TimeoutError"))
      throw error;
  };
}

function shown({ result }: TaskMeta): string {
  return typeof result === "string" ? result : jsonText(result);
}
