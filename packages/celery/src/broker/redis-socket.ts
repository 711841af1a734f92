import { isIP, connect as openTcp, type Socket } from "node:net";
import { checkServerIdentity, connect as openTls, type ConnectionOptions as TlsConnectionOptions } from "node:tls";
import type { CertificateSet } from "./certificate-set.ts";
import { lookupHost, rememberAddress } from "./host-lookup.ts";
import type { RedisTlsOptions } from "./redis-tls.ts";
import { onSilence } from "./silence.ts";

/** Where a socket leads, and with which certificates. */
export interface SocketTarget {
  host: string;
  port: number;
  tls?: { options: RedisTlsOptions; certificates: CertificateSet } | undefined;
}

/**
 * Opens a socket to a server, with TLS if that is wanted, up to the end of the handshake.
 *
 * @param patience  longest time in ms without a sign of the other side
 * @throws what Node and OpenSSL say, an error with code ETIMEDOUT, or the signal's reason
 */
export async function openSocket(target: SocketTarget, patience: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = start(target);
  // There has to be a listener for as long as the socket lives. Whoever uses it learns from `close` that it has ended.
  socket.on("error", () => {});
  const abort = () => socket.destroy(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const stopWatching = onSilence(socket, patience, () => socket.destroy(timedOut(patience)));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(target.tls ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the connection was closed")));
    });
  } finally {
    stopWatching();
    signal.removeEventListener("abort", abort);
  }
  const { remoteAddress, remoteFamily } = socket;
  if (remoteAddress !== undefined) {
    rememberAddress(target.host, { address: remoteAddress, family: remoteFamily === "IPv6" ? 6 : 4 });
  }
  return socket;
}

/** What a server that we have connected to, and write nothing to, says at last; undefined when it says nothing in time. */
export async function lastWords(target: SocketTarget, patience: number): Promise<Error | undefined> {
  const socket = start(target);
  const timer = setTimeout(() => socket.destroy(), patience);
  const words = await new Promise<Error | undefined>((resolve) => {
    socket.on("error", resolve);
    socket.on("close", () => resolve(undefined));
    socket.resume();
  });
  clearTimeout(timer);
  socket.destroy();
  return words;
}

function start({ host, port, tls }: SocketTarget): Socket {
  const tcp = {
    host,
    port,
    lookup: lookupHost,
    // Of a host with several addresses each is given this time, in ms.
    autoSelectFamilyAttemptTimeout: 1000,
  };
  return tls ? openTls({ ...tcp, ...tlsOptions(host, tls.options, tls.certificates) }) : openTcp(tcp);
}

function tlsOptions(host: string, options: RedisTlsOptions, certificates: CertificateSet): TlsConnectionOptions {
  const serverName = options.serverName ?? host;
  return {
    secureContext: certificates.context,
    rejectUnauthorized: options.certReqs !== "none",
    // An address cannot be an SNI; an empty name sends none.
    servername: isIP(serverName) ? "" : serverName,
    checkServerIdentity: (_host, certificate) =>
      options.checkHostName === false ? undefined : checkServerIdentity(serverName, certificate),
  };
}

function timedOut(ms: number): Error {
  return Object.assign(new Error(`no answer for ${ms} ms`), { code: "ETIMEDOUT" });
}
