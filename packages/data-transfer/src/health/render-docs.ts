import { renderMetricsTable } from "./metrics.ts";

/** The whole of docs/metrics.md; `node scripts/write-docs.ts` writes it. */
export function renderMetricsDocs(): string {
  return `<!-- Written by scripts/write-docs.ts from packages/data-transfer/src/health/metrics.ts. -->

# Health and metrics

Worker and manager answer on port 9464 (\`health.port\`, \`--health-port\`):

- \`/livez\`: 200 while every loop turns, else 503. A process that fails it should be started anew.
- \`/readyz\`: 200 while the process can work: broker and database reachable, and consuming. Else 503, with the reason.
- \`/metrics\`: for Prometheus.

The first two answer \`{"ok": ..., "findings": [{"name", "ok", "reason"}]}\` from what the loops last saw; no request reaches a server.

${renderMetricsTable()}

Where there is no control group of version 2 the last two are absent.
`;
}
