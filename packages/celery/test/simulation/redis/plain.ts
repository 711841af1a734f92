import { Failure, type Reply, Status } from "./reply.ts";

/** Of an error only its first word: the rest tells where in a script. */
export type Plain = number | string | null | { error: string } | Plain[];

export function plain(reply: Reply): Plain {
  if (reply instanceof Status) return reply.text;
  if (reply instanceof Failure) return { error: reply.message.split(" ")[0]! };
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

export function plainBuffers(reply: unknown): Plain {
  if (reply instanceof Error) return plainError(reply);
  if (Array.isArray(reply)) return reply.map(plainBuffers);
  return reply instanceof Uint8Array ? Buffer.from(reply).toString("latin1") : (reply as Plain);
}

export function plainError(error: Error): Plain {
  return { error: error.message.split(" ")[0]! };
}
