import { MemoryResultHub, memoryResults } from "../../src/results/memory.ts";
import { chordsConformance } from "./chords.conformance.ts";
import { resultsConformance } from "./results.conformance.ts";

async function startWorld() {
  const hub = new MemoryResultHub();
  return { open: async () => memoryResults(hub) };
}

resultsConformance("memory", startWorld);
chordsConformance("memory", startWorld);
