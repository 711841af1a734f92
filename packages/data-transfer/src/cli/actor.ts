import { hostname, userInfo } from "node:os";

/** Who does something, for the audit trail: `maria@ramses1`. In a pod the user may have no name. */
export function actor(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}@${hostname()}`;
  }
}
