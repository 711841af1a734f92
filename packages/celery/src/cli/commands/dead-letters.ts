import type { DeadLetter } from "../../broker/broker.ts";
import { decodeTask } from "../../message/decode-task.ts";
import { type Choice, chooseDeadLetters } from "../choose-dead-letters.ts";
import type { Command, CommandOption, ExitCode } from "../command.ts";
import { jsonText } from "../output.ts";
import { readOption } from "../read-option.ts";
import { UsageError } from "../usage-error.ts";
import { withConnection } from "../with-connection.ts";

const filters: readonly CommandOption[] = [
  { flags: "--queue <name>", description: "only those that came from this queue" },
  { flags: "--reason <word>", description: "only those with this reason (malformed, unknown-task, ...)" },
];

export const deadLettersList: Command<{ queue?: string; reason?: string; limit: number }> = {
  name: "dead-letters list",
  summary: "messages that were put aside, newest first",
  options: [
    ...filters,
    { flags: "--limit <count>", description: "at most so many", default: 100, read: readOption.whole(1) },
  ],
  examples: [
    { command: "celery-node dead-letters list -b redis://localhost", purpose: "what is there, and why" },
    {
      command: "celery-node dead-letters list -A app.ts --reason unknown-task --json",
      purpose: "of one kind, for a program",
    },
  ],
  run: (context, { limit, ...choice }) =>
    withConnection(context, async ({ broker }) => {
      const { chosen, complete } = await chooseDeadLetters(broker, { all: true, ...choice });
      const rows = chosen.slice(0, limit);
      context.output.table(
        rows,
        [
          { heading: "ID", cell: ({ id }) => id },
          { heading: "AT", cell: ({ at }) => at },
          { heading: "QUEUE", cell: ({ queue }) => queue },
          { heading: "REASON", cell: ({ reason }) => reason },
          { heading: "TASK", cell: (letter) => taskOf(letter)?.name },
          { heading: "TEXT", cell: ({ text }) => text },
        ],
        summary,
      );
      const more = chosen.length - rows.length;
      if (more > 0 || !complete) context.output.note(`there are ${complete ? more : "many"} more: --limit shows them`);
      return 0;
    }),
};

export const deadLettersShow: Command<{ id: string }> = {
  name: "dead-letters show",
  summary: "all there is to know of one of them",
  arguments: [{ name: "<id>", description: "from the list" }],
  examples: [
    { command: "celery-node dead-letters show 8d1f0c -b redis://localhost", purpose: "for people" },
    { command: "celery-node dead-letters show 8d1f0c -A app.ts --json", purpose: "with the message, byte for byte" },
  ],
  run: (context, { id }) =>
    withConnection(context, async ({ broker }) => {
      const letter = await broker.findDeadLetter(id);
      if (letter === undefined) throw unknown(id);
      const { task, ...head } = summary(letter);
      const facts = { ...head, ...(task ?? {}), message: letter.raw };
      const lines = Object.entries(facts).map(
        ([key, value]) => `${`${key}:`.padEnd(9)} ${typeof value === "string" ? value : jsonText(value)}`,
      );
      context.output.result({ ...head, task, raw: letter.raw }, lines);
      return 0;
    }),
};

const chosenOptions: readonly CommandOption[] = [...filters, { flags: "--all", description: "all of them" }];
const chosenArguments = [{ name: "[ids...]", description: "from the list" }];

export const deadLettersRequeue: Command<Choice> = {
  name: "dead-letters requeue",
  summary: "puts them back at the end of their queues",
  description:
    "For when the cause is mended: the task is deployed, the code corrected. Exit code 1 when an id is not there.",
  arguments: chosenArguments,
  options: chosenOptions,
  examples: [
    { command: "celery-node dead-letters requeue 8d1f0c -b redis://localhost", purpose: "one of them" },
    { command: "celery-node dead-letters requeue -A app.ts --reason unknown-task", purpose: "all of a kind" },
  ],
  run: (context, choice) =>
    withConnection(context, async ({ broker }) =>
      eachChosen(context, broker, choice, "requeued", (id) => broker.requeueDeadLetter(id)),
    ),
};

export const deadLettersDrop: Command<Choice> = {
  name: "dead-letters drop",
  summary: "throws them away, for good",
  description: "Exit code 1 when an id is not there.",
  arguments: chosenArguments,
  options: chosenOptions,
  examples: [
    { command: "celery-node dead-letters drop 8d1f0c 77aa01 -b redis://localhost", purpose: "two of them" },
    { command: "celery-node dead-letters drop -A app.ts --queue sums --reason malformed", purpose: "all of a kind" },
  ],
  run: (context, choice) =>
    withConnection(context, async ({ broker }) =>
      eachChosen(context, broker, choice, "dropped", (id) => broker.dropDeadLetter(id)),
    ),
};

async function eachChosen(
  { output }: Parameters<typeof deadLettersDrop.run>[0],
  broker: Parameters<typeof chooseDeadLetters>[0],
  choice: Choice,
  done: "requeued" | "dropped",
  act: (id: string) => Promise<boolean>,
): Promise<ExitCode> {
  const { chosen, missing } = await chooseDeadLetters(broker, choice);
  const rows: { id: string; outcome: string }[] = missing.map((id) => ({ id, outcome: "not there" }));
  for (const { id } of chosen) rows.push({ id, outcome: (await act(id)) ? done : "not there" });
  output.table(rows, [
    { heading: "ID", cell: ({ id }) => id },
    { heading: "OUTCOME", cell: ({ outcome }) => outcome },
  ]);
  return rows.every(({ outcome }) => outcome === done) ? 0 : 1;
}

function summary(letter: DeadLetter) {
  const { id, at, queue, reason, text } = letter;
  return { id, at, queue, reason, text, task: taskOf(letter) };
}

interface ShownTask {
  taskId: string;
  name: string;
  args: unknown;
  kwargs: unknown;
  retries: number;
}

/** The task in the message, as far as it can be read. */
function taskOf({ raw }: DeadLetter): ShownTask | undefined {
  try {
    const { id, name, args, kwargs, retries } = decodeTask(raw, { accept: ["json", "msgpack", "yaml"] });
    return { taskId: id, name, args, kwargs, retries };
  } catch {
    return undefined;
  }
}

function unknown(id: string): UsageError {
  return new UsageError(`there is no dead letter ${id}`, "celery-node dead-letters list");
}
