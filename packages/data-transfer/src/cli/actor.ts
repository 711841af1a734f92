import { hostname, userInfo } from "node:os";

/** Who does something, for the audit trail: `maria@ramses1`. */
export function actor(): string {
  return `${userName()}@${hostname()}`;
}

/** The user's name; in a pod there may be none, then `uid 1000`. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
