/** A worker's process for a test that kills it: three children, of which one waits, one computes and one is free. */
import { processPool } from "../../src/worker/pool/process.ts";
import { aJob } from "./pool-world.ts";

const pool = processPool({ app: new URL("process-app.ts", import.meta.url), concurrency: 3 });
await pool.start();
const [spins, gate] = [aJob("spins"), aJob("gate")];
void pool.run(spins.job);
void pool.run(gate.job);
await Promise.all([spins.stored("BEGUN"), gate.atGate()]);
process.stdout.write(`${pool.facts().processes.join(" ")}\n`);
