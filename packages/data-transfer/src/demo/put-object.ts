import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { parseRefusal, type S3StorageOptions, s3Path } from "../storage/s3.ts";
import { s3Signer } from "../storage/sign-s3.ts";
import { translateHttpError } from "../storage/translate-http-error.ts";
import { translateS3Refusal } from "../storage/translate-s3-refusal.ts";

/** Where an object goes, and with whose keys. */
export type S3Target = Pick<
  S3StorageOptions,
  "endpoint" | "bucket" | "prefix" | "region" | "accessKey" | "secretKey" | "ca"
>;

/** Ms without a byte from the store after which it counts as unreachable. */
const patience = 60_000;

/**
 * Puts a small file into an S3 store, where nothing lies under its key: one request, with the condition that makes the store
 * itself refuse to replace an object. The file is in memory meanwhile.
 *
 * @returns whether it was put, or something lay there already, which stays as it is
 * @throws SourceUnreachable, SourceForbidden, SourceMisconfigured, or the signal's reason
 */
export async function putObject(
  target: S3Target,
  key: string,
  file: string,
  signal: AbortSignal,
): Promise<"put" | "exists"> {
  const asked = { storage: `s3:${target.endpoint}/${target.bucket}`, key };
  const bytes = await readFile(file);
  const origin = new URL(target.endpoint);
  const unsigned = {
    method: "PUT",
    path: s3Path(target.bucket, target.prefix + key),
    headers: {
      "content-length": String(bytes.length),
      "if-none-match": "*",
      "x-amz-content-sha256": createHash("sha256").update(bytes).digest("hex"),
    },
  };
  const signed = await s3Signer(origin, target)(unsigned);
  const { status, headers, text } = await send(origin, { ...signed, ca: target.ca, signal }, bytes).catch((error) => {
    signal.throwIfAborted();
    throw translateHttpError(error, asked);
  });
  if (status >= 200 && status < 300) return "put";
  // A store that has no conditions would have replaced it: the caller has looked before.
  if (status === 412 || status === 409) return "exists";
  throw translateS3Refusal({ status, ...parseRefusal(text) }, headers, asked);
}

interface Answer {
  status: number;
  headers: ReadonlyMap<string, string>;
  text: string;
}

async function send(
  origin: URL,
  options: {
    method: string;
    path: string;
    headers: Readonly<Record<string, string>>;
    ca?: string | undefined;
    signal: AbortSignal;
  },
  bytes: Buffer,
): Promise<Answer> {
  const host = origin.hostname.replace(/^\[|\]$/g, "");
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const begin = origin.protocol === "https:" ? requestSecure : requestPlain;
  const request = begin({ ...options, host, port: origin.port || undefined, agent: false, timeout: patience }, resolve);
  request.on("error", reject);
  request.on("timeout", () => request.destroy(timedOut()));
  request.end(bytes);
  const answer = await promise;
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) if (text.length < 16_384) text += chunk;
  const headers = new Map(
    Object.entries(answer.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
  return { status: answer.statusCode ?? 0, headers, text };
}

function timedOut(): Error {
  return Object.assign(new Error(`no answer within ${patience / 1000} s`), { code: "ETIMEDOUT" });
}
