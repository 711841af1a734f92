import { boundedMatcher, PatternRefused } from "../../message/bounded-pattern.ts";

/**
 * Whether a pattern of remote control fits a node name. One that cannot be matched in bounded time, and one of an unknown
 * matcher, fits none.
 */
export function nameFits({ text, matcher }: { text: string; matcher: string }, name: string): boolean {
  try {
    return boundedMatcher(matcher, text)(name);
  } catch (error) {
    if (error instanceof PatternRefused) return false;
    throw error;
  }
}
