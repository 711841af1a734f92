import type { Logger } from "pino";
import type { Tale } from "../../../celery/test/simulation/tale.ts";

/** A log whose lines go into the tale, and to whoever counts them. */
export function logInto(
  tale: Tale,
  who: string,
  told: (sentence: string) => void = () => {},
  about: Record<string, unknown> = {},
): Logger {
  const write = (facts: unknown, text?: string) => {
    const sentence = typeof facts === "string" ? facts : text;
    told(String(sentence));
    const { item = about.item, attempt = about.attempt, code } = (facts ?? {}) as Record<string, unknown>;
    const error = (facts as { err?: Error } | undefined)?.err;
    const whose = item === undefined ? "" : `item ${item}${attempt === undefined ? "" : `, attempt ${attempt}`}: `;
    const why = code === undefined ? "" : ` (${code})`;
    tale.tell(who, `${whose}${sentence}${why}${error ? `: ${error.message}` : ""}`);
  };
  return {
    child: (more: Record<string, unknown>) => logInto(tale, who, told, { ...about, ...more }),
    ...{ debug: () => {}, trace: () => {}, info: write, warn: write, error: write, fatal: write },
  } as unknown as Logger;
}
