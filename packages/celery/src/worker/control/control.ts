import type { Broker } from "../../broker/broker.ts";
import type { Envelope } from "../../message/envelope.ts";
import { plainEnvelope } from "../../message/plain-envelope.ts";
import { pythonRepr } from "../../message/python-repr.ts";
import { remoteError, remoteRepr } from "../../results/python-error.ts";
import { controlArguments } from "./control-arguments.ts";
import { type ControlRequest, readControlRequest } from "./control-request.ts";
import type { ControlContext, ControlMethod } from "./method.ts";
import { methodsByName } from "./methods.ts";
import { nameFits } from "./node-pattern.ts";
import { failed, noReply } from "./reply.ts";

export interface ControlOptions extends ControlContext {
  broker: Pick<Broker, "listen" | "answer">;
  /** `control_exchange`; `celery` by default. */
  namespace?: string;
  /** Told of every request that was for us, or could not be read. */
  count?: (request: ControlFacts) => void;
}

export interface ControlFacts {
  /** One of the known methods, or `?`. */
  method: string;
  outcome: "done" | "failed" | "refused" | "unknown" | "expired" | "unreadable" | "dropped";
}

export interface Control {
  /** Handles no more requests. */
  stop(): Promise<void>;
}

/** Time that an unfetched reply lives on the broker, in ms; as long as kombu's own clients keep theirs. */
const replyTtl = 10_000;
/** Longest reply, in characters of its envelope. */
const longestReply = 16 << 20;
/** What may wait to be handled: requests, and characters of them. */
const mostWaiting = { requests: 10_000, length: 64 << 20 };
/** How far the clock of whoever asks may be off, in seconds, before a request counts as expired. */
const clockSkew = 30;
/** Refusals of a method are logged once in so many ms. */
const refusalLogPause = 60_000;

/**
 * Listens to `<namespace>.pidbox` and does what it is asked there, as far as `access` goes. One request a turn of the event
 * loop, in their order: a flood of them slows itself down, not the tasks.
 *
 * @throws the broker's error when it cannot listen now
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { broker, inside, clock, access, log, namespace = "celery", count = () => {} } = options;
  const exchange = `${namespace}.pidbox`;
  const replyExchange = `reply.${namespace}.pidbox`;
  const waiting: string[] = [];
  let waitingLength = 0;
  const refusalsLogged = new Map<string, number>();

  const queue = `${inside.name}.${exchange}`;
  const subscription = await broker.listen({ exchange, routingKey: "", queue }, receive);

  function receive(raw: string): void {
    if (waiting.length >= mostWaiting.requests || waitingLength + raw.length > mostWaiting.length) {
      count({ method: "?", outcome: "dropped" });
      return;
    }
    waiting.push(raw);
    waitingLength += raw.length;
    if (waiting.length === 1) setImmediate(handleNext);
  }

  function handleNext(): void {
    const raw = waiting.shift();
    if (raw === undefined) return;
    waitingLength -= raw.length;
    if (waiting.length > 0) setImmediate(handleNext);
    try {
      handle(readControlRequest(raw));
    } catch (error) {
      log.warn({ err: error }, "a request of remote control could not be read");
      count({ method: "?", outcome: "unreadable" });
    }
  }

  function handle(request: ControlRequest): void {
    clock.adjust(request.clock);
    if (!isForUs(request)) return;
    const method = methodsByName.get(request.method);
    const outcome = (what: ControlFacts["outcome"]) => count({ method: method?.name ?? "?", outcome: what });
    if (request.expires > 0 && Date.now() / 1000 > request.expires + clockSkew) outcome("expired");
    else if (!method) {
      log.warn({ method: request.method }, "remote control asks for something that is not known here");
      outcome("unknown");
      reply(request, failed(`KeyError(${pythonRepr(request.method)})`));
    } else if (access === "off" || (access === "inspect" && method.access === "full")) {
      outcome("refused");
      logRefusal(method);
      reply(request, failed(`${method.name} is refused: remote control of this worker is ${accessNames[access]}`));
    } else {
      Promise.try(() => method.run(options, controlArguments(method.name, request.arguments))).then(
        (value) => {
          outcome("done");
          reply(request, value);
        },
        (error: unknown) => {
          outcome("failed");
          log.warn({ err: error, method: method.name }, "a request of remote control has failed");
          reply(request, failed(remoteRepr(remoteError(error))));
        },
      );
    }
  }

  function isForUs({ destination, pattern }: ControlRequest): boolean {
    if (destination) return destination.includes(inside.name);
    return !pattern || nameFits(pattern, inside.name);
  }

  function reply({ method, replyTo }: ControlRequest, value: unknown): void {
    // Any other exchange could lead into a queue of tasks.
    if (value === noReply || replyTo?.exchange !== replyExchange) return;
    const { routingKey, ticket } = replyTo;
    const answer = (body: unknown) =>
      plainEnvelope({
        exchange: replyExchange,
        routingKey,
        headers: { ticket, clock: clock.forward() },
        body: { [inside.name]: body ?? null },
      });
    let envelope: Envelope;
    try {
      envelope = answer(value);
      if (envelope.body.length > longestReply) envelope = answer(failed("the reply is too long to be sent"));
    } catch (error) {
      // Arguments of tasks may be values that JSON has no form for.
      envelope = answer(failed(remoteRepr(remoteError(error))));
    }
    broker.answer(replyExchange, routingKey, envelope, replyTtl).catch((error: unknown) => {
      log.debug({ err: error, method }, "a reply of remote control could not be sent");
    });
  }

  function logRefusal({ name }: ControlMethod): void {
    const last = refusalsLogged.get(name);
    if (last !== undefined && performance.now() - last < refusalLogPause) return;
    refusalsLogged.set(name, performance.now());
    log.warn({ method: name, access }, "remote control is refused");
  }

  return {
    async stop() {
      waiting.length = 0;
      waitingLength = 0;
      await subscription.stop();
    },
  };
}

const accessNames = { full: "on", inspect: "for looking only", off: "off" };
