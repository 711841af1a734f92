/** Headers of W3C Trace Context and Baggage, by which a trace goes on from one service to the next. */
const names = ["traceparent", "tracestate", "baggage"] as const;

/** Those of a message, as headers of what it leads to; undefined when it has none. */
export function traceContext(headers: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  // Nearly every message has none.
  if (typeof headers.traceparent !== "string" && typeof headers.baggage !== "string") return undefined;
  const found = names.filter((name) => typeof headers[name] === "string");
  return Object.fromEntries(found.map((name) => [name, headers[name] as string]));
}
