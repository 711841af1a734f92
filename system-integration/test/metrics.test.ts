/** Alerts and dashboard ask for metrics and labels that there are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { metricDefinitions } from "../../packages/data-transfer/src/health/metrics.ts";
import { startHelm } from "../../testing/helm/helm.ts";
import type { Json } from "../../testing/kubernetes-objects/kubernetes-object.ts";
import { path, productionChart } from "./charts.ts";

/** What Prometheus adds to every series, and the operator to those of a ServiceMonitor. */
const added = [
  "job",
  "instance",
  "namespace",
  "pod",
  "container",
  "service",
  "endpoint",
  "app_kubernetes_io_component",
];

const helm = await startHelm({ after }, "3.17");
const objects = await helm.render(productionChart, { valueFiles: [path("values/monitoring.yaml")] });

const documented = [...readFileSync(path("../../docs/metrics.md"), "utf8").matchAll(/^\| `(cdt_\w+)` \|/gm)].map(
  ([, name]) => name,
);

test("every metric that an alert asks for is documented, and every label is one of its own", () => {
  const rules = objects.find(({ kind }) => kind === "PrometheusRule")?.spec.groups.flatMap(({ rules }: Json) => rules);
  assert.ok(rules.length >= 5);
  for (const { alert, expr, annotations, labels } of rules) {
    assert.deepEqual(faultsIn(expr), [], alert);
    assert.ok(annotations.summary && annotations.command, `${alert} does not say what to do`);
    assert.match(labels.severity, /^(critical|warning|info)$/);
  }
});

test("every metric that the dashboard asks for is documented, and every label is one of its own", () => {
  const data = objects.find(({ kind, metadata }) => kind === "ConfigMap" && /dashboard/.test(metadata.name))?.data;
  const [[file, text]] = Object.entries(data) as [[string, string]];
  assert.match(file, /\.json$/);
  const expressions = new Set<string>();
  JSON.parse(text, (key, value) => {
    if (["expr", "definition"].includes(key) && typeof value === "string") expressions.add(value);
    return value;
  });
  assert.ok(expressions.size >= 5, `${expressions.size}`);
  for (const expression of expressions) assert.deepEqual(faultsIn(expression), [], expression);
});

test("a metric that is not there, and a label that it does not have, are found", () => {
  assert.deepEqual(faultsIn('rate(cdt_byte_total{job="a"}[5m])'), ["cdt_byte_total is no metric"]);
  assert.deepEqual(faultsIn('sum by (queu) (cdt_queue_depth{que="a"})'), [
    "cdt_queue_depth has no label que",
    "no metric here has a label queu",
  ]);
  assert.deepEqual(faultsIn("up"), ["asks for none of our metrics"]);
});

test("the documented metrics are those that the program has", () => {
  assert.deepEqual(documented.sort(), Object.keys(metricDefinitions).sort());
});

/** What a PromQL expression asks for that there is not. */
function faultsIn(expression: string): string[] {
  if (/^label_values\((up|kube_\w+)?/.test(expression) && !/cdt_/.test(expression)) return [];
  const asked = [...expression.matchAll(/\b(cdt_\w+)(?:\{([^}]*)\})?/g)];
  if (asked.length === 0) return ["asks for none of our metrics"];
  const faults: string[] = [];
  const labels = new Set(added);
  for (const [, name, matchers = ""] of asked as unknown as [string, keyof typeof metricDefinitions, string?][]) {
    if (!documented.includes(name)) {
      faults.push(`${name} is no metric`);
      continue;
    }
    const own = [...metricDefinitions[name].labels, ...added] as string[];
    for (const label of own) labels.add(label);
    for (const [, label] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
      if (!own.includes(label as string)) faults.push(`${name} has no label ${label}`);
    }
  }
  for (const [, list] of expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)) {
    for (const label of (list as string).split(",").map((word) => word.trim())) {
      if (label !== "" && !labels.has(label)) faults.push(`no metric here has a label ${label}`);
    }
  }
  return faults;
}
