import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";

export interface S3Keys {
  region: string;
  accessKey: string;
  secretKey: string;
}

/** A request as it is signed. With a body, the header `x-amz-content-sha256` says what that is. */
interface Signable {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
}

/** Signs requests as S3 wants it: AWS Signature Version 4, the path taken as it stands. */
export function s3Signer(endpoint: URL, { region, accessKey, secretKey }: S3Keys) {
  const signer = new SignatureV4({
    service: "s3",
    region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: true,
  });
  return async <R extends Signable>(unsigned: R): Promise<R> => {
    const { method, path, headers } = unsigned;
    const { protocol, hostname, port, host } = endpoint;
    const request = { method, protocol, hostname, path, query: {}, headers: { host, ...headers } };
    const signed = await signer.sign({ ...request, ...(port !== "" && { port: Number(port) }) });
    return { ...unsigned, headers: signed.headers };
  };
}

/** The hash, and with a secret the keyed hash, that the signer computes with. */
class Sha256 {
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
  readonly #secret: Uint8Array | string | undefined;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined || typeof secret === "string" ? secret : bytesOf(secret);
    this.#hash = this.#begin();
  }

  update(chunk: string | Uint8Array): void {
    this.#hash.update(chunk);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin() {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
