import { UsageError } from "../errors/usage.ts";
import type { Settings } from "../settings/settings.ts";

/** @throws UsageError where messages would reach nobody outside this process */
export function refuseMemoryBroker({ broker }: Settings, program: string): void {
  if (broker.kind !== "memory") return;
  throw new UsageError(
    `with broker.kind = "memory" a ${program} of its own would see no messages: the broker lives in one process`,
    "ccat_data_transfer stage wait <job>   # does the work itself; or set broker.kind to redis",
  );
}
