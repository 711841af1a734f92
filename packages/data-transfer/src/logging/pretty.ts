const colors: Readonly<Record<string, string>> = {
  trace: "90",
  debug: "90",
  info: "36",
  warn: "33",
  error: "31",
  fatal: "31",
};

/** A log line for people: `12:00:03 info  message  key=value`. An error's sentence, code and stack follow the message. */
export function prettyLine(entry: Readonly<Record<string, unknown>>, color: boolean): string {
  const { level = "info", time, msg, err, ...rest } = entry;
  const name = String(level);
  const paint = (code: string | undefined, text: string): string =>
    color && code ? `\u001b[${code}m${text}\u001b[0m` : text;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${brief(value)}`);
  const parts = [
    paint("90", String(time).slice(11, 19)),
    paint(colors[name], name.padEnd(5)),
    msg === undefined ? "" : String(msg),
    ...describe(err),
    fields.length > 0 ? paint("90", fields.join(" ")) : "",
  ];
  return parts.filter((part) => part !== "").join(" ") + stack(err);
}

function describe(err: unknown): string[] {
  if (typeof err !== "object" || err === null) return err === undefined ? [] : [String(err)];
  const { message, code, cause } = err as Record<string, unknown>;
  const own = code === undefined ? `${message}` : `${message} [${code}]`;
  return [own, ...describe(cause).map((text) => `(because: ${text})`)];
}

function stack(err: unknown): string {
  const text = typeof err === "object" && err !== null ? (err as { stack?: unknown }).stack : undefined;
  return typeof text === "string" ? `\n${text.split("\n").slice(1).join("\n")}` : "";
}

function brief(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
