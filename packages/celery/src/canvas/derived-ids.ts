import { createHash } from "node:crypto";

/** Made once, at random: ids that are derived here are nobody else's. */
const namespace = Buffer.from("3d6f0a5c8b1e4c0f9a7d52e1c4b86f03", "hex");

/**
 * Ids for what has none in the message: uuids of version 5 (RFC 9562) of what they follow and their position. Whoever does the
 * same again, for the same message, uses the same ids, so that a duplicate can be recognised.
 *
 * @param origin  the task, or group, that they follow
 * @param role  as what they follow it
 */
export function derivedIds(origin: string, role: string): () => string {
  let position = 0;
  return () => uuidOf(JSON.stringify([origin, role, position++]));
}

function uuidOf(name: string): string {
  const bytes = createHash("sha1").update(namespace).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
