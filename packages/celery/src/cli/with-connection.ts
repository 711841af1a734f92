import type { AppConnection } from "./app-definition.ts";
import type { CommandContext, ExitCode } from "./command.ts";

/** Connects, works, and closes whatever happens. */
export async function withConnection(
  context: CommandContext,
  work: (connection: AppConnection) => Promise<ExitCode>,
): Promise<ExitCode> {
  const connection = await context.connect();
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
