import { readFileSync } from "node:fs";
import { type } from "node:os";

/** What we are, under the names that Celery's events and Flower have for it. */
export const software = {
  sw_ident: "celery-node",
  sw_ver: packageVersion(),
  sw_sys: type(),
} as const;

function packageVersion(): string {
  // The same way up from the sources and from what is built of them.
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
