import { ConfigurationError } from "./data-transfer-error.ts";

/** The address for /livez, /readyz and /metrics cannot be listened on. */
export class HealthAddressUnusable extends ConfigurationError {
  readonly code = "CDT-HEALTH-ADDRESS";
  readonly help = "choose another one with --health-port, or 0 for any that is free";

  constructor(facts: { host: string; port: number; reason: string }, options?: ErrorOptions) {
    super(`health cannot be served on ${facts.host}:${facts.port} (${facts.reason})`, facts, options);
  }
}
