/** Which workers are asked, and how long they have. Without any of the first three, all. */
export interface ControlTarget {
  /** Node names; an empty list is nobody. */
  destination?: readonly string[];
  /** Fits node names, as `matcher` says. */
  pattern?: string;
  /** `glob` by default; `pcre` fits from the beginning of the name. */
  matcher?: "glob" | "pcre";
  /** Time for all replies together, in ms; 1,000 by default. Less when everybody has replied before. */
  timeout?: number;
  /** So many replies are enough. */
  limit?: number;
}
