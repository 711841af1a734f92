import { isAbsolute, resolve } from "node:path";
import { EndpointNotAllowed } from "../errors/source.ts";

/**
 * Refuses an endpoint, from the database or a redirect, that nobody allowed in the settings. Compared are scheme, host and port.
 * One with credentials in it is refused, and they are not repeated.
 *
 * @param allowed origins such as `https://s3.example.org` or `http://127.0.0.1:8080`
 * @throws EndpointNotAllowed
 */
export function checkEndpoint(endpoint: string, allowed: readonly string[]): URL {
  const url = URL.parse(endpoint);
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!usable || !allowed.some((one) => URL.parse(one)?.origin === url.origin)) {
    throw new EndpointNotAllowed({
      endpoint: url?.host ? `${url.protocol}//${url.host}` : endpoint.replace(/^.*@/s, "***@"),
      allowed,
    });
  }
  return url;
}

/**
 * Refuses a folder from the database that lies in none of the allowed ones.
 *
 * @throws EndpointNotAllowed
 */
export function checkDiskRoot(path: string, allowed: readonly string[]): string {
  const plain = isAbsolute(path) && resolve(path) === path.replace(/(?<=.)\/+$/, "");
  const inside = allowed.some((root) => `${path}/`.startsWith(`${resolve(root)}/`) || resolve(root) === "/");
  if (!plain || !inside) throw new EndpointNotAllowed({ endpoint: path, allowed });
  return resolve(path);
}
