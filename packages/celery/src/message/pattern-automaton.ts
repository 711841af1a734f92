/** What a pattern is made of. */
export type PatternPart =
  | { kind: "one"; fits(character: string): boolean }
  | { kind: "all"; of: PatternPart[] }
  | { kind: "either"; of: PatternPart[] }
  | { kind: "repeat"; what: PatternPart; least: number; most: number }
  | { kind: "start" | "end" };

/**
 * A matcher that goes once through the text and never back: it takes at most (states of the pattern) x (characters of the
 * text) steps, whatever they are. The pattern has to fit from the text's first character on.
 *
 * @param whole  whether it has to fit to the last character, too
 * @returns undefined when the pattern has more than `mostStates` states
 */
export function patternMatcher(
  pattern: PatternPart,
  whole: boolean,
  mostStates: number,
): ((text: string) => boolean) | undefined {
  const states: State[] = [];
  const add = (state: State): number => states.push(state) - 1;
  const accepted = add({ kind: "accept" });
  const first = lay(pattern, accepted);
  return states.length > mostStates ? undefined : (text) => run([...text]);

  /** Lays the states of a part before `next`; answers where it begins. */
  function lay(part: PatternPart, next: number): number {
    if (states.length > mostStates) return next;
    switch (part.kind) {
      case "one":
        return add({ kind: "one", fits: part.fits, next });
      case "all":
        return part.of.reduceRight((after, member) => lay(member, after), next);
      case "either":
        return add({ kind: "fork", next: part.of.map((member) => lay(member, next)) });
      case "repeat":
        return layRepeat(part.what, part.least, part.most, next);
      default:
        return add({ kind: part.kind, next });
    }
  }

  function layRepeat(what: PatternPart, least: number, most: number, next: number): number {
    let start = next;
    if (most === Number.POSITIVE_INFINITY) {
      const fork: State & { kind: "fork" } = { kind: "fork", next: [next] };
      start = add(fork);
      fork.next.push(lay(what, start));
    } else {
      for (let i = least; i < most; i++) start = add({ kind: "fork", next: [next, lay(what, start)] });
    }
    for (let i = 0; i < least; i++) start = lay(what, start);
    return start;
  }

  function run(text: readonly string[]): boolean {
    /** In which step a state was reached last. */
    const reachedAt = new Int32Array(states.length).fill(-1);
    let here = reach([first], 0);
    for (let at = 0; at < text.length; at++) {
      if (!whole && here.includes(accepted)) return true;
      const next: number[] = [];
      for (const index of here) {
        const state = states[index]!;
        if (state.kind === "one" && state.fits(text[at]!)) next.push(state.next);
      }
      if (next.length === 0) return false;
      here = reach(next, at + 1);
    }
    return here.includes(accepted);

    /** The states that can be reached from some without another character, themselves included. */
    function reach(from: number[], at: number): number[] {
      const found: number[] = [];
      for (let index = from.pop(); index !== undefined; index = from.pop()) {
        if (reachedAt[index] === at) continue;
        reachedAt[index] = at;
        found.push(index);
        const state = states[index]!;
        if (state.kind === "fork") from.push(...state.next);
        else if (state.kind === "start" && at === 0) from.push(state.next);
        else if (state.kind === "end" && isEnd(at)) from.push(state.next);
      }
      return found;
    }

    /** As Python has it, also before a last line feed. */
    function isEnd(at: number): boolean {
      return at === text.length || (at === text.length - 1 && text[at] === "\n");
    }
  }
}

type State =
  | { kind: "one"; fits(character: string): boolean; next: number }
  | { kind: "fork"; next: number[] }
  | { kind: "start" | "end"; next: number }
  | { kind: "accept" };
