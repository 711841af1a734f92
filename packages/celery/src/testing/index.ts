export type { Call } from "./calls.ts";
export type { SentTask } from "./sent-task.ts";
export { type TestWorld, type TestWorldOptions, testWorld } from "./test-world.ts";
export { WorldTimeout } from "./world-timeout.ts";
