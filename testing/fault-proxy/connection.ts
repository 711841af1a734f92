import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { resetSocket } from "../reset-socket.ts";
import type { Fault, Play } from "./fault.ts";

/** A client and the server that it is connected with, as long as one of them is there. */
export interface Connection {
  /** Its bytes were lost: it cannot go on when the network is well again. */
  readonly spoilt: boolean;
  /** Both sides hear that it is gone. */
  reset(): void;
  /** A fault begins which does not wait for bytes. */
  strike(play: Play): void;
  readonly closed: Promise<unknown>;
}

/** More than this is not taken from a side before the other one has got what came before. */
const mostHeld = 1 << 20;

type Ending = Extract<Fault, { after?: number }>;
type Flip = Extract<Fault, { kind: "bit flip" }>;

/**
 * Carries bytes between two sockets that allow half-open connections, and does to them what is played.
 *
 * @param playing  what is played now
 */
export function join(client: Socket, server: Socket, playing: () => Play | undefined): Connection {
  /** Neither side gets anything any more. */
  let deaf = false;
  let spoilt = false;
  /** Of the fault that is played, in what the server sends. */
  let count = { play: undefined as Play | undefined, bytes: 0, flips: 0, met: false };

  carry(server, client, spoil);
  carry(client, server, delay);

  /** What the client gets of a piece that the server has sent. */
  async function spoil(piece: Buffer, came: number): Promise<Buffer> {
    const play = playing();
    if (play === undefined) return piece;
    const { fault } = play;
    const counted = countFor(play);
    const before = counted.bytes;
    counted.bytes += piece.length;
    if (fault.kind === "bit flip") return flip(play, fault, piece, before);
    if (!("after" in fault) || fault.after === undefined) return await delay(piece, came);
    if (counted.bytes <= fault.after || !meets(play)) return piece;
    client.write(piece.subarray(0, Math.max(0, fault.after - before)));
    end(fault);
    return nothing;
  }

  /** What keeps bytes from coming at once, in either direction. */
  async function delay(piece: Buffer, came: number): Promise<Buffer> {
    const play = playing();
    if (play === undefined || !slows(play.fault) || !meets(play)) return piece;
    const { fault, over } = play;
    if (fault.kind === "latency") await rest(came + fault.ms - performance.now(), over);
    else if (fault.kind === "throttle") await rest((piece.length / fault.bytesPerSecond) * 1000, over);
    else {
      await new Promise((resolve) => over.addEventListener("abort", resolve, { once: true }));
      // What is played after it may keep it, too.
      return await delay(piece, came);
    }
    return piece;
  }

  function countFor(play: Play): typeof count {
    if (count.play !== play) count = { play, bytes: 0, flips: 0, met: false };
    return count;
  }

  /** Strikes a connection once. */
  function meets(play: Play): boolean {
    const counted = countFor(play);
    counted.met ||= play.strike();
    return counted.met;
  }

  function flip(play: Play, fault: Flip, piece: Buffer, before: number): Buffer {
    const changed = Buffer.from(piece);
    for (const at of placesOf(fault, piece, before)) {
      if (!play.strike()) break;
      changed[at]! ^= 1 << (countFor(play).flips++ % 8);
    }
    return changed;
  }

  function end(fault: Ending): void {
    deaf = true;
    switch (fault.kind) {
      case "cut":
        reset();
        break;
      case "truncation":
        for (const socket of [client, server]) socket.end(() => socket.destroy());
        break;
      case "black hole":
        spoilt = true;
        break;
      case "half-open":
        resetSocket(fault.told === "server" ? server : client);
    }
  }

  function reset(): void {
    deaf = true;
    resetSocket(client);
    resetSocket(server);
  }

  function carry(from: Socket, to: Socket, change: (piece: Buffer, came: number) => Promise<Buffer>): void {
    const line: { what: Buffer | "end" | "reset"; came: number }[] = [];
    let held = 0;
    let moving = false;
    const take = (what: Buffer | "end" | "reset") => {
      line.push({ what, came: performance.now() });
      held += what.length;
      if (held > mostHeld) from.pause();
      if (!moving) void move();
    };
    from.on("data", take);
    from.on("end", () => take("end"));
    from.on("error", () => take("reset"));

    async function move(): Promise<void> {
      moving = true;
      for (let next = line[0]; next !== undefined; next = line[0]) {
        const { what, came } = next;
        const isEnd = typeof what === "string";
        // Where one side is told nothing, the other one's end is no news for it.
        const passed = deaf ? nothing : await change(isEnd ? nothing : what, came);
        if (deaf && isEnd) from.destroy();
        else if (what === "end") to.end();
        else if (what === "reset") resetSocket(to);
        else if (!deaf) await write(to, passed);
        line.shift();
        held -= what.length;
        if (held <= mostHeld) from.resume();
      }
      moving = false;
    }
  }

  return {
    get spoilt() {
      return spoilt;
    },
    reset,
    strike(play) {
      if (endsAtOnce(play.fault) && meets(play)) end(play.fault);
    },
    closed: Promise.all([client, server].map((socket) => new Promise((resolve) => socket.once("close", resolve)))),
  };
}

const nothing = Buffer.alloc(0);

async function write(to: Socket, bytes: Buffer): Promise<void> {
  if (to.destroyed || bytes.length === 0 || to.write(bytes)) return;
  await new Promise<void>((resolve) => {
    to.once("drain", resolve);
    to.once("close", () => resolve());
  });
}

/** Where in a piece, before which so many bytes have passed, bits are to be others. */
function* placesOf(fault: Flip, piece: Buffer, before: number): Generator<number> {
  if ("behind" in fault) {
    const { behind } = fault;
    for (let at = piece.indexOf(behind); at !== -1; at = piece.indexOf(behind, at + 1)) {
      if (at + behind.length < piece.length) yield at + behind.length;
    }
  } else if ("at" in fault) {
    if (fault.at >= before && fault.at < before + piece.length) yield fault.at - before;
  } else {
    const { every } = fault;
    for (let at = every - 1 - (before % every); at < piece.length; at += every) yield at;
  }
}

function slows({ kind }: Fault): boolean {
  return kind === "latency" || kind === "throttle" || kind === "stall";
}

function endsAtOnce(fault: Fault): fault is Ending {
  const { kind } = fault;
  if (kind !== "cut" && kind !== "truncation" && kind !== "black hole" && kind !== "half-open") return false;
  return fault.after === undefined;
}

async function rest(ms: number, over: AbortSignal): Promise<void> {
  if (ms > 0) await pause(ms, undefined, { signal: over }).catch(() => {});
}
