import { hostname } from "node:os";

/**
 * Celery's node name of `-n`: `%h` is the host's whole name, `%n` its first part, `%d` the rest; what has no `@` gets the
 * host behind it, and without any name it is `celery@<host>` (celery/utils/nodenames.py).
 */
export function nodeName(given: string | undefined, host: string = hostname()): string {
  const [first = host, ...domain] = host.split(".");
  const parts: Readonly<Record<string, string>> = { h: host, n: first, d: domain.join("."), "%": "%" };
  const name = (given ?? "celery").replace(/%([hnd%])/g, (_, letter: string) => parts[letter]!);
  return name.includes("@") ? (name.startsWith("@") ? `celery${name}` : name) : `${name}@${host}`;
}
