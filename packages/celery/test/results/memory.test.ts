import { MemoryResultHub, memoryResults } from "../../src/results/memory.ts";
import { resultsConformance } from "./results.conformance.ts";

resultsConformance("memory", async () => {
  const hub = new MemoryResultHub();
  return { open: async () => memoryResults(hub) };
});
