/** What lies in the queue; `good` is the id of a message that must have its effect once, and its result. */
export interface Shot {
  text: string | Uint8Array;
  /** Of the list where it lies, whatever it says itself. */
  priority: number;
  good?: string;
}

/** What anybody may shout to all workers. */
export interface Shout {
  exchange: "celery.pidbox" | "celeryev";
  routingKey: string;
  text: string;
}
