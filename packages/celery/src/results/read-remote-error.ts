import type { RemoteError } from "./results.ts";

/** The error of a task that has not succeeded. A store holds what any peer has put there: whatever it is, an error comes out of it. */
export function readRemoteError(state: string, result: unknown): RemoteError {
  const { exc_type, exc_message, exc_module } = Object(result) as Partial<Record<keyof RemoteError, unknown>>;
  return {
    exc_type: typeof exc_type === "string" ? exc_type : state,
    exc_message: Array.isArray(exc_message) ? exc_message : [exc_message ?? result],
    exc_module: typeof exc_module === "string" ? exc_module : "builtins",
  };
}
