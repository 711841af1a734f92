import { type Check, ok, problem } from "../check.ts";

/** Seconds that clocks may differ by: leases are told by one clock, certificates and signatures by another. */
const tolerable = 5;

export const databaseClock: Check = {
  id: "database-clock",
  category: "database",
  statement: `this machine's clock and PostgreSQL's agree within ${tolerable} s`,
  severity: "warning",
  needs: ["database-primary"],
  async run(facts) {
    const { ahead, unsure } = await facts.server();
    if (Math.abs(ahead) - unsure <= tolerable) return ok();
    return problem(`PostgreSQL's is ${Math.abs(ahead).toFixed(0)} s ${ahead > 0 ? "ahead" : "behind"}`);
  },
  hint: "timedatectl   # on both machines: is the clock synchronised?",
};
