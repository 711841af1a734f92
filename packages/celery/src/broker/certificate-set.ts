import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/** PEM texts, as they lay in the files. */
export interface CertificateTexts {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** Authorities, certificate and key, ready for TLS. */
export interface CertificateSet {
  readonly texts: CertificateTexts;
  readonly context: SecureContext;
  /** Ours; absent without one. */
  readonly certificate: X509Certificate | undefined;
  /** What stands behind ours in its file: the certificates between it and the authority. */
  readonly between: readonly X509Certificate[];
  /** Those that were given; empty where the ones that everybody trusts are used. */
  readonly authorities: readonly X509Certificate[];
}

/**
 * Makes the set of these texts. Whether they will do for the server is for the server to say.
 *
 * @throws {Error} that says why they cannot be used at all
 */
export function certificateSet(texts: CertificateTexts): CertificateSet {
  const { ca, cert, key } = texts;
  const authorities = certificatesIn(ca);
  const [certificate, ...between] = certificatesIn(cert);
  if (cert !== undefined && certificate === undefined) throw new Error("the certificate file holds no certificate");
  // OpenSSL would take a file without a certificate for no file at all, and trust everybody's authorities.
  if (ca !== undefined && authorities.length === 0) throw new Error("the CA file holds no certificate");
  if ((cert === undefined) !== (key === undefined)) throw new Error("a certificate and its key go together");
  if (certificate && !certificate.checkPrivateKey(readKey(key ?? ""))) {
    throw new Error("the key is not that of the certificate");
  }
  const context = createSecureContext({ ca: ca ?? trustedByDefault(), cert, key, minVersion: "TLSv1.2" });
  return { texts, context, certificate, between, authorities };
}

/**
 * Why a set that is newer than the one in use should not take its place, as a sentence; undefined when it should. Its
 * certificates must be valid now, and ours must have been signed by the authorities, if that holds for the set in use: a
 * site may have one authority for its servers and one for their clients.
 */
export function renewalProblem(next: CertificateSet, inUse: CertificateSet, now = new Date()): string | undefined {
  const { certificate, between, authorities } = next;
  for (const one of certificate ? [certificate, ...between] : []) {
    if (!isValid(one, now)) return `the certificate of ${nameOf(one)} is valid from ${one.validFrom} to ${one.validTo}`;
  }
  if (authorities.length > 0 && !authorities.some((authority) => isValid(authority, now))) {
    return "none of the authorities' certificates is valid now";
  }
  if (!certificate || reachesAuthority(next) || !reachesAuthority(inUse)) return undefined;
  return `the certificate of ${nameOf(certificate)} was signed by none of the authorities`;
}

let everybodys: string[] | undefined;

/** What Node trusts, and what this machine's administrator does, whose list is all that Python knows. */
function trustedByDefault(): string[] {
  everybodys ??= [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
  return everybodys;
}

function certificatesIn(pem = ""): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function readKey(pem: string): KeyObject {
  if (/ENCRYPTED/.test(pem)) throw new Error("the key is protected by a passphrase; it has to be one without");
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error("the key file holds no private key");
  }
}

/** Whether our certificate was signed by one of the authorities, or by one in between that was. */
function reachesAuthority({ certificate, between, authorities }: CertificateSet): boolean {
  const left = new Set(between);
  for (let last = certificate; last !== undefined; ) {
    const signedLast = (issuer: X509Certificate) => hasSigned(issuer, last!);
    if (authorities.some(signedLast)) return true;
    last = [...left].find(signedLast);
    if (last) left.delete(last);
  }
  return false;
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValid({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate;
}

function nameOf(certificate: X509Certificate): string {
  return certificate.subject.split("\n").at(-1) ?? "nobody";
}
