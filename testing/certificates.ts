import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { requireProgram } from "./require-server.ts";

const run = promisify(execFile);

export interface CertificateOptions {
  /** DNS names and IP addresses the server's certificate is good for (default localhost and 127.0.0.1). */
  serverNames?: readonly string[];
  /** Days from now until the server's certificate ends (default 30); a negative number makes one that has expired. */
  serverDays?: number;
  /** The same for the client's. */
  clientDays?: number;
}

/** Paths of PEM files. `cert` and `key` are the client's, as a client's settings want them. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
  serverCert: string;
  serverKey: string;
}

/** Makes an authority of its own, with one server's and one client's certificate, in `directory`. */
export async function makeCertificates(directory: string, options: CertificateOptions = {}): Promise<Certificates> {
  const { serverNames = ["localhost", "127.0.0.1"], serverDays = 30, clientDays = 30 } = options;
  await mkdir(directory, { recursive: true });
  const file = (name: string) => join(directory, name);
  const ca = file("ca.crt");

  await openssl(
    ...["req", "-x509", ...newKey, "-keyout", authorityKey(ca), "-out", ca],
    ...["-days", "365", "-subj", "/CN=test authority"],
  );
  const names = serverNames.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",");
  await issue(
    ca,
    file("server"),
    serverNames[0] ?? "server",
    serverDays,
    `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`,
  );
  await issueClientCertificate(ca, file("client"), { days: clientDays });

  return {
    ca,
    cert: file("client.crt"),
    key: file("client.key"),
    serverCert: file("server.crt"),
    serverKey: file("server.key"),
  };
}

/** Another client's certificate by the same authority: `{path}.crt` and `{path}.key`. */
export async function issueClientCertificate(
  ca: string,
  path: string,
  { days = 30 } = {},
): Promise<{ cert: string; key: string }> {
  await mkdir(dirname(path), { recursive: true });
  await issue(ca, path, "test client", days, "extendedKeyUsage=clientAuth\n");
  return { cert: `${path}.crt`, key: `${path}.key` };
}

async function issue(ca: string, path: string, commonName: string, days: number, extensions: string): Promise<void> {
  await writeFile(`${path}.ext`, extensions);
  await openssl(
    ...["req", "-new", ...newKey, "-keyout", `${path}.key`, "-out", `${path}.csr`, "-subj", `/CN=${commonName}`],
  );
  await openssl(
    ...["x509", "-req", "-in", `${path}.csr`, "-CA", ca, "-CAkey", authorityKey(ca), "-CAcreateserial"],
    ...["-out", `${path}.crt`, "-days", String(days), "-extfile", `${path}.ext`],
  );
}

function authorityKey(ca: string): string {
  return ca.replace(/\.crt$/, ".key");
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function openssl(...args: string[]): Promise<void> {
  await run(requireProgram("openssl"), args);
}
