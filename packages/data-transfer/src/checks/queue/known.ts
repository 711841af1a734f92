import { type Check, ok, problem } from "../check.ts";

export const queueKnown: Check = {
  id: "queue-known",
  category: "queue",
  statement: "the database calls for the queue of every location",
  severity: "fatal",
  needs: ["database-migrated", "database-rights"],
  mayRecover: true,
  async run(facts) {
    const queues = await facts.queues();
    if (queues.length === 0) return problem("nothing is staged to any of these locations, or to none at all");
    return ok(queues.map(({ queue }) => queue).join(", "));
  },
  hint: "ccat_data_transfer location list   # ccat_data_transfer db seed writes those that are missing",
};
