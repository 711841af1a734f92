import type { Envelope } from "../message/envelope.ts";

/** Messages with an eta, kept until their time has come: a time that goes on only when it is told to. */
export class VirtualTime {
  #now = 0;
  #later: { due: number; expires: number | undefined; envelope: Envelope; deliver: (envelope: Envelope) => void }[] =
    [];

  /** Messages whose time is still to come. */
  get waiting(): number {
    return this.#later.length;
  }

  /** Seconds that have gone by. */
  get elapsed(): number {
    return this.#now / 1000;
  }

  /** Delivers the message, at once or when its time has come. Its eta and its expiry count from now. */
  schedule(envelope: Envelope, deliver: (envelope: Envelope) => void): void {
    const wait = msUntil(envelope.headers.eta);
    if (wait === undefined || wait <= 0) {
      deliver(envelope);
      return;
    }
    const expires = msUntil(envelope.headers.expires);
    this.#later.push({
      due: this.#now + wait,
      expires: expires === undefined ? undefined : this.#now + expires,
      envelope,
      deliver,
    });
  }

  /** Lets time go by and delivers what is due, in its order. */
  advance(seconds: number): void {
    this.#goTo(this.#now + seconds * 1000);
  }

  /** To the moment at which the next message is due. */
  jump(): void {
    this.#goTo(Math.min(...this.#later.map(({ due }) => due)));
  }

  #goTo(now: number): void {
    this.#now = now;
    const due = this.#later.filter((one) => one.due <= now).sort((one, other) => one.due - other.due);
    this.#later = this.#later.filter((one) => one.due > now);
    for (const { envelope, expires, deliver } of due) {
      const expiry = expires === undefined ? {} : { expires: new Date(Date.now() + expires - now).toISOString() };
      // Its time has come, whatever the real clock says.
      deliver({ ...envelope, headers: { ...envelope.headers, eta: null, ...expiry } });
    }
  }
}

function msUntil(time: unknown): number | undefined {
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? undefined : at - Date.now();
}
