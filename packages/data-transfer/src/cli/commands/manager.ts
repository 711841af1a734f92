import { UsageError } from "../../errors/usage.ts";
import { operationTypes } from "../../model/operation.ts";
import type { CommandDefinition } from "../command.ts";
import { runService } from "../engine/service.ts";
import { startStagingManager } from "../engine/staging-manager.ts";
import { refuseMemoryBroker } from "../refuse-memory-broker.ts";

export const manager: CommandDefinition<{ operations: string }> = {
  options: [
    {
      flags: "--operations <list>",
      description: `operations to manage, with commas between (${operationTypes.join(", ")})`,
      default: "staging",
    },
    { flags: "--health-port <port>", description: "port of /livez, /readyz and /metrics", setting: "health.port" },
  ],
  examples: [
    { command: "ccat_data_transfer manager --operations staging", purpose: "as the deployment does" },
    { command: "ccat_data_transfer manager --health-port 0", purpose: "a second one on the same machine" },
  ],
  service: true,
  async run(context, { operations }) {
    refuseMemoryBroker(context.settings, "manager");
    const unknown = operations.split(",").filter((name) => !(operationTypes as readonly string[]).includes(name));
    if (unknown.length > 0) {
      throw new UsageError(
        `there is no operation ${unknown.join(", ")}; known are ${operationTypes.join(", ")}`,
        "ccat_data_transfer manager --help",
      );
    }
    return runService(context, async (parts) => {
      const { stop } = await startStagingManager(parts);
      context.log.info({ operations }, "manager is watching");
      return { stop };
    });
  },
};
