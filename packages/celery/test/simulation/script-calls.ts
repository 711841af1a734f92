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
  /** Whether the script did it. */
  answer: boolean;
  /** The argument that follows. */
  next: string | undefined;
}

/** Tags and marks that a settling script was given, each with its answer. */
export function presented(about: string, args: readonly string[], reply: Reply): Presented[] {
  const first = about === "renew" ? 1 : 0;
  const takesMany = about === "renew" || about === "acknowledge";
  const answers = Array.isArray(reply) ? reply : [reply];
  const count = takesMany ? (args.length - first) / 2 : 1;
  return Array.from({ length: count }, (_, i) => {
    const at = first + 2 * i;
    return { tag: args[at]!, nonce: args[at + 1]!, answer: answers[i] === 1, next: args[at + 2] };
  });
}
