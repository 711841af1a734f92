import { UsageError } from "../errors/usage.ts";

/** The number of a job, as a command's argument. @throws UsageError */
export function jobNumber(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`a job is named by its number, not ${JSON.stringify(text)}`, "ccat_data_transfer stage list");
}

/** What everybody who works with a job gives as its argument. */
export const jobArgument = { name: "<job>", description: "number of the job, as `stage request` printed it" };
