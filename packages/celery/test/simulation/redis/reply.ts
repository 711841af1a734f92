/** What Redis answers. Texts are bytes, each a character. */
export type Reply = number | string | null | Status | Failure | Reply[];

/** A simple string: `OK`, `PONG`. */
export class Status {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An error reply: `WRONGTYPE ...`. Thrown inside the simulated server, an answer outside. */
export class Failure {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export const ok = new Status("OK");

export const wrongType = () => new Failure("WRONGTYPE Operation against a key holding the wrong kind of value");
export const syntaxError = () => new Failure("ERR syntax error");
export const notInteger = () => new Failure("ERR value is not an integer or out of range");
