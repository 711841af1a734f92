import { ConfigurationError } from "./data-transfer-error.ts";

/** The demo's own PostgreSQL is not installed: a production image, or an installation without dev dependencies. */
export class DemoUnavailableError extends ConfigurationError {
  readonly code = "CDT-DEMO-UNAVAILABLE";
  readonly help = "run it in a checkout: make demo";
}

/** The demo's PostgreSQL is there but did not start. */
export class DemoDatabaseError extends ConfigurationError {
  readonly code = "CDT-DEMO-DATABASE";
  readonly help: string;

  constructor(message: string, dataDir: string, options?: ErrorOptions) {
    super(message, { dataDir }, options);
    this.help = `rm -r ${dataDir}   # the demo makes a new one; nothing but demo data is in it`;
  }
}

/** What the sample would write is there already, and is not the sample's: nothing was written. */
export class SampleRefused extends ConfigurationError {
  readonly code = "CDT-SAMPLE";
  readonly help =
    "use a database and a bucket without data of that name; what is there is shown by: ccat_data_transfer stage plan <package>";

  constructor(facts: { name: string; why: string }, options?: ErrorOptions) {
    super(`the sample is not written: ${facts.name} ${facts.why}`, facts, options);
  }
}
