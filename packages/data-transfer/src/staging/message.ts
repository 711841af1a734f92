import { DeadLetter, type TaskRequest } from "@ccatobs/celery";

/** What a message on a staging queue asks for: one item (ours), or a whole job (what a Python manager sends). */
export type StagingRequest = { kind: "item"; itemId: number } | { kind: "job"; jobId: number };

/** The name under which our managers send, unless the settings say otherwise. */
export const stagingTaskName = "ccat_data_transfer.staging.stage";

/**
 * Whether the arguments look like a staging request, whatever the task is called.
 */
export function carriesStagingId({ args, kwargs }: TaskRequest): boolean {
  return "staging_item_id" in kwargs || "staging_job_id" in kwargs || isId(args[0]);
}

/**
 * Reads the id from `kwargs` (`staging_item_id`, `staging_job_id`), or from the only positional argument, which is a job
 * id as Python's StagingTask takes it. Ids alone are accepted: never a path or a URL.
 *
 * @throws DeadLetter when there is no id, or it is not a positive whole number
 */
export function readStagingRequest({ args, kwargs }: TaskRequest): StagingRequest {
  if (kwargs.staging_item_id !== undefined)
    return { kind: "item", itemId: idOf("staging_item_id", kwargs.staging_item_id) };
  if (kwargs.staging_job_id !== undefined) return { kind: "job", jobId: idOf("staging_job_id", kwargs.staging_job_id) };
  if (args.length > 0) return { kind: "job", jobId: idOf("the first argument", args[0]) };
  throw new DeadLetter("wrong-arguments", "the message carries neither staging_item_id nor staging_job_id");
}

function idOf(name: string, value: unknown): number {
  if (isId(value)) return value;
  throw new DeadLetter("wrong-arguments", `${name} must be a positive whole number, not ${describe(value)}`);
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
