import type { Reply } from "./redis/reply.ts";
import type { Request } from "./redis-host.ts";

/** `ARGV` of a script, as the heads of the scripts tell what it is. */
export function argumentsOf(request: Request): string[] {
  const [, , keys, ...rest] = request.commands[0]!;
  return rest.slice(Number(keys));
}

export interface Presented {
  tag: string;
  /** The mark that the caller presents as its own. */
  nonce: string;
  /** Whether the script did it; 2 tells that there was something to be told besides. */
  answer: boolean;
  /** The argument that follows. */
  next: string | undefined;
}

/** Tags and marks that a settling script was given, each with its answer. */
export function presented(about: string, args: readonly string[], reply: Reply): Presented[] {
  const { first, each } = takesMany[about] ?? { first: 0, each: args.length };
  const answers = Array.isArray(reply) ? reply : [reply];
  return Array.from({ length: (args.length - first) / each }, (_, i) => {
    const at = first + each * i;
    return { tag: args[at]!, nonce: args[at + 1]!, answer: answers[i] === 1 || answers[i] === 2, next: args[at + 2] };
  });
}

/** Scripts that settle many at once: where the first begins, and how many arguments each has. */
const takesMany: Record<string, { first: number; each: number }> = {
  renew: { first: 1, each: 2 },
  acknowledge: { first: 0, each: 2 },
  park: { first: 0, each: 3 },
};
