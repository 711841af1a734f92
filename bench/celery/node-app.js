/**
 * The application that the worker of ours runs: one task that does nothing. In JavaScript, as built applications are: one in
 * TypeScript brings Node's compiler into the worker, some 15 MiB.
 */
import { defineApp, task } from "@ccatobs/celery";

const url = process.env.BENCH_URL;

export default defineApp({
  broker: url,
  backend: url,
  task_acks_late: true,
  task_track_started: true,
  task_default_queue: "bench",
  tasks: [task("noop", async () => null)],
});
