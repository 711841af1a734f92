/** Bounds on one message. What is beyond them is refused before it costs more than the bound says. */
export interface MessageLimits {
  /**
   * Longest message as it lies in the queue, in characters, and longest body once inflated, in bytes (default 16 Mi).
   * The values read from it may take some forty times as much memory for a short while.
   */
  maxLength: number;
  /** Deepest nesting of arrays and objects (default 100); what goes beyond some 500 levels cannot be written again. */
  maxDepth: number;
  /** Most aliases (`*name`) in a YAML body (default 1000). */
  maxAliases: number;
}

export const defaultLimits: MessageLimits = { maxLength: 16 << 20, maxDepth: 100, maxAliases: 1000 };
