import type { QueueDeclaration } from "../broker/broker.ts";

export interface BannerFacts {
  name: string;
  version: string;
  app: string;
  broker: string;
  results: string | undefined;
  concurrency: number;
  pool: string;
  events: boolean;
  /** Seconds. */
  lease: number;
  queues: readonly (string | QueueDeclaration)[];
  tasks: readonly string[];
}

/** What a worker says of itself before it begins, as Celery's banner does. No passwords: the URLs come masked. */
export function banner(facts: BannerFacts): string {
  const { name, version, app, broker, results, concurrency, pool, events, lease, queues, tasks } = facts;
  const config = {
    app,
    broker,
    results: results ?? "none: results are thrown away",
    concurrency: `${concurrency} (${pool})`,
    "task events": events ? "ON" : "OFF (-E sends them)",
    lease: `${lease} s`,
  };
  return [
    `${name} celery-node ${version} (Node ${process.versions.node}, pid ${process.pid})`,
    "",
    "[config]",
    ...Object.entries(config).map(([key, value]) => `.> ${`${key}:`.padEnd(12)} ${value}`),
    "",
    "[queues]",
    ...queues.map(queueLine),
    "",
    "[tasks]",
    ...[...tasks].sort().map((task) => `  . ${task}`),
    "",
    "",
  ].join("\n");
}

function queueLine(queue: string | QueueDeclaration): string {
  const { name, exchange, exchangeType, routingKey } =
    typeof queue === "string" ? { name: queue, exchange: queue, exchangeType: "direct", routingKey: queue } : queue;
  return `.> ${name}  exchange=${exchange}(${exchangeType}) key=${routingKey}`;
}
