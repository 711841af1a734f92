import { listOf } from "./shape.ts";
import type { SignatureOptions } from "./signature.ts";

/**
 * A signature's options, with those it is called with. The latter win, but for what may not change any more: the group that
 * waits for it, its stamps (celery 5.6 `canvas.py`, `_merge`), and the sender's own headers: what is called with adds to
 * them. Null is no option.
 */
export function mergeOptions(own: SignatureOptions, called: SignatureOptions): SignatureOptions {
  const merged: SignatureOptions = {};
  for (const [name, value] of Object.entries(own)) if (value !== null && value !== undefined) merged[name] = value;
  const fixed = new Set<unknown>(["group_id", "stamped_headers", ...listOf(merged.stamped_headers)]);
  for (const [name, value] of Object.entries(called)) {
    if (value === null || value === undefined || (fixed.has(name) && name in merged)) continue;
    merged[name] = name === "headers" ? { ...Object(value), ...merged.headers } : value;
  }
  return merged;
}
