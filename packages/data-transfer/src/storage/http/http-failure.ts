/**
 * Why an exchange with a server came to nothing, below the level of statuses. Backends translate it.
 *
 * - `connect-timeout`: no connection within the time allowed
 * - `closed`: the connection ended before the answer did
 * - `protocol`: what came is not HTTP/1.1 as we understand it
 * - `surplus`: more bytes came than were announced
 */
export class HttpFailure extends Error {
  readonly code: "connect-timeout" | "closed" | "protocol" | "surplus";

  constructor(code: HttpFailure["code"], message: string) {
    super(message);
    this.name = "HttpFailure";
    this.code = code;
  }
}
