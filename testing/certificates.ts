import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
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

  await openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    file("ca.key"),
    "-out",
    file("ca.crt"),
    "-days",
    "365",
    "-subj",
    "/CN=test authority",
  );
  const names = serverNames.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",");
  await issue(
    "server",
    serverNames[0] ?? "server",
    serverDays,
    `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`,
  );
  await issue("client", "test client", clientDays, "extendedKeyUsage=clientAuth\n");

  return {
    ca: file("ca.crt"),
    cert: file("client.crt"),
    key: file("client.key"),
    serverCert: file("server.crt"),
    serverKey: file("server.key"),
  };

  async function issue(who: string, commonName: string, days: number, extensions: string): Promise<void> {
    await writeFile(file(`${who}.ext`), extensions);
    await openssl(
      "req",
      "-new",
      ...newKey,
      "-keyout",
      file(`${who}.key`),
      "-out",
      file(`${who}.csr`),
      "-subj",
      `/CN=${commonName}`,
    );
    await openssl(
      ...[
        "x509",
        "-req",
        "-in",
        file(`${who}.csr`),
        "-CA",
        file("ca.crt"),
        "-CAkey",
        file("ca.key"),
        "-CAcreateserial",
      ],
      ...["-out", file(`${who}.crt`), "-days", String(days), "-extfile", file(`${who}.ext`)],
    );
  }
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function openssl(...args: string[]): Promise<void> {
  await run(requireProgram("openssl"), args);
}
