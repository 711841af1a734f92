import type { FaultRow } from "./fault-row.ts";
import { networkFaults } from "./network-faults.ts";
import { serverFaults } from "./server-faults.ts";

/** All rows of the table in docs/reliability.md. */
export const faults: readonly FaultRow[] = [...networkFaults, ...serverFaults];
