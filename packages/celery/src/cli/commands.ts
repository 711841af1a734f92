import type { AnyCommand } from "./command.ts";
import { call } from "./commands/call.ts";
import { control } from "./commands/control.ts";
import { deadLettersDrop, deadLettersList, deadLettersRequeue, deadLettersShow } from "./commands/dead-letters.ts";
import { events } from "./commands/events.ts";
import { inspect } from "./commands/inspect.ts";
import { purge } from "./commands/purge.ts";
import { report } from "./commands/report.ts";
import { result } from "./commands/result.ts";
import { status } from "./commands/status.ts";
import { worker } from "./commands/worker.ts";

/** Every command, in the order of the help. */
export const commands: readonly AnyCommand[] = [
  ...[worker, status, inspect, control, events],
  ...[call, result, purge],
  ...[deadLettersList, deadLettersShow, deadLettersRequeue, deadLettersDrop],
  report,
];

/** Commands with two words stand in a group. */
export const groups: Readonly<Record<string, string>> = {
  "dead-letters": "messages that were put aside: list, show, requeue and drop them",
};

/** Celery's commands that there are not, and why. */
export const notCommands: Readonly<Record<string, string>> = {
  amqp: "Redis is spoken here",
  beat: "run Python's beside the workers, or cron with `celery-node call`",
  graph: "`celery-node inspect` with --output json says what there is to draw",
  list: "`celery-node inspect active_queues` says what is bound",
  logtool: "log lines are JSON: any tool reads them",
  migrate: "Python's does it for any queue",
  multi: "start several workers by systemd, Kubernetes or a shell",
  shell: "`node --import` of the app's module gives you one",
  upgrade: "settings of old names are not read",
};
