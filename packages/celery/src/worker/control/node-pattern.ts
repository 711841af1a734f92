/** Whether a pattern of remote control fits a node name. An unknown matcher fits none. */
export function nameFits({ text, matcher }: { text: string; matcher: string }, name: string): boolean {
  return matcher === "glob" && globFits(text, name);
}

/**
 * Whether a glob (`*`, `?`, `[a-z]`, `[!a-z]`) fits a node name as a whole, as Python's fnmatch has it. Takes at most
 * pattern times name steps, whatever the pattern.
 */
export function globFits(pattern: string, name: string): boolean {
  const tokens = tokenize(pattern);
  /** Positions in `tokens` that the part of the name read so far leads to. */
  let reached = withStars(new Set([0]), tokens);
  for (const letter of name) {
    const next = new Set<number>();
    for (const at of reached) {
      const token = tokens[at];
      if (token === "*") next.add(at);
      else if (token?.(letter)) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = withStars(next, tokens);
  }
  return reached.has(tokens.length);
}

type Token = "*" | ((letter: string) => boolean);

/** A star may also stand for nothing. */
function withStars(reached: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const at of reached) if (tokens[at] === "*") reached.add(at + 1);
  return reached;
}

function tokenize(pattern: string): Token[] {
  return [...pattern.matchAll(/\*|\?|\[(!?)(\]?[^\]]*)\]|./gsu)].map(([text, not, set]): Token => {
    if (text === "*") return "*";
    if (text === "?") return () => true;
    if (set === undefined || set === "") return (letter) => letter === text;
    const fits = oneOf(set);
    return (letter) => fits(letter) !== (not === "!");
  });
}

function oneOf(set: string): (letter: string) => boolean {
  const ranges = [...set.matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, one]) => [from ?? one!, to ?? one!] as const);
  return (letter) => ranges.some(([from, to]) => from <= letter && letter <= to);
}
