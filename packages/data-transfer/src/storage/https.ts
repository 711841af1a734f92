import { KeyRefused, SourceMisconfigured } from "../errors/source.ts";
import { checkEndpoint } from "./check-endpoint.ts";
import { HttpAgent } from "./http/agent.ts";
import type { HttpAnswer } from "./http/connection.ts";
import { readText } from "./http/read-text.ts";
import { remoteObjects } from "./remote-object.ts";
import type { Storage } from "./storage.ts";
import { translateStatus } from "./translate-http-error.ts";

export interface HttpsStorageOptions {
  /**
   * http(s)://host[:port]/path/ with the objects below it; or, for the key "", an object itself. A query is sent with every
   * request and told to nobody: it may be a signature.
   */
  base: string;
  /** Origins that may be read from, redirects included; `any` where a person has named the address. */
  allowedOrigins: readonly string[] | "any";
  /** Value of the header `Authorization`; sent to the origin of `base` alone. */
  authorization?: string;
  /** PEM of the authorities that may sign certificates; the system's by default. */
  ca?: string;
  /** Connections to one origin at most. */
  connections?: number;
  /** ms to set up a connection, TLS included. */
  connectTimeout?: number;
}

/** Redirects that are followed for one request at most. */
const mostRedirects = 5;

/**
 * Objects of any web server. A strong ETag is the version that reads are pinned to, or else Last-Modified and size.
 *
 * A server that sends whole objects only can be read, in one piece and from its first byte: `stat` says so (`wholeOnly`), and a
 * read that is to begin further on passes over what lies before.
 *
 * Redirects are followed to https alone, to allowed origins, and without credentials.
 *
 * @throws EndpointNotAllowed
 */
export function httpsStorage(options: HttpsStorageOptions): Storage {
  const { allowedOrigins, authorization, ca, connections, connectTimeout } = options;
  const base = allowed(options.base);
  const name = base.origin + base.pathname.replace(/\/$/, "");
  const agents = new Map<string, HttpAgent>();

  return remoteObjects({
    name,
    harmlessCodings: [],
    wholeObjects: true,

    async send(method, key, headers, signal) {
      let url = addressOf(key);
      for (let redirects = 0; ; redirects++) {
        const answer = await sendTo(url, method, headers, signal);
        if (!redirections.has(answer.status)) return answer;
        // Read to its end, so that its connection can be used again.
        await readText(answer);
        if (redirects === mostRedirects) throw elsewhere(key, `it redirects more than ${mostRedirects} times`);
        url = target(url, answer.headers.get("location"), key);
      }
    },

    async refusal(answer, _method, key, pin) {
      answer.discard();
      return translateStatus(answer.status, answer.headers, { storage: name, key, pin });
    },

    close() {
      for (const agent of agents.values()) agent.close();
    },
  });

  async function sendTo(
    url: URL,
    method: "GET" | "HEAD",
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    let agent = agents.get(url.origin);
    if (agent === undefined) {
      agent = new HttpAgent({ origin: url, ca, connections, connectTimeout });
      agents.set(url.origin, agent);
    }
    const own: Record<string, string> =
      authorization !== undefined && url.origin === base.origin ? { authorization } : {};
    return await agent.send({ method, path: url.pathname + url.search, headers: { ...headers, ...own } }, signal);
  }

  function addressOf(key: string): URL {
    if (key === "") return base;
    const segments = key.split("/");
    if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
      throw new KeyRefused({ storage: name, key, why: "it is not a plain path below the location" });
    }
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/?$/, "/")}${segments.map(encodeURIComponent).join("/")}`;
    return url;
  }

  function target(from: URL, location: string | undefined, key: string): URL {
    const url = location === undefined ? null : URL.parse(location, from.href);
    if (url === null) throw elsewhere(key, "it redirects, and does not say where to");
    if (url.protocol !== "https:") throw elsewhere(key, `it redirects to ${url.protocol}//, only https is followed`);
    if (url.username !== "" || url.password !== "") throw elsewhere(key, "it redirects to an address with credentials");
    return allowed(url.href);
  }

  function allowed(address: string): URL {
    const url = URL.parse(address);
    // Refuses what is not http(s), and credentials, also where every origin is allowed.
    checkEndpoint(address, allowedOrigins === "any" ? [url?.origin ?? ""] : allowedOrigins);
    return url as URL;
  }

  function elsewhere(key: string, what: string): SourceMisconfigured {
    return new SourceMisconfigured({ storage: name, key, what });
  }
}

const redirections: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
