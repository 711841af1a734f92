/** Writes the documents, and parts of them, that are made from the sources; a test fails while one of them is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderMetricsDocs } from "../packages/data-transfer/src/health/render-docs.ts";
import { withItemStates } from "../packages/data-transfer/src/model/render-docs.ts";
import { renderSettingsDocs } from "../packages/data-transfer/src/settings/render-docs.ts";
import { withFaults } from "../packages/data-transfer/test/e2e/chaos/render-faults.ts";
import { writeCharts } from "./chart/write-charts.ts";
import { root } from "./report.ts";

writeFileSync(join(root, "docs/settings.md"), renderSettingsDocs());
writeFileSync(join(root, "docs/metrics.md"), renderMetricsDocs());

const dataModel = join(root, "docs/data-model.md");
writeFileSync(dataModel, withItemStates(readFileSync(dataModel, "utf8")));

const reliability = join(root, "docs/reliability.md");
writeFileSync(reliability, withFaults(readFileSync(reliability, "utf8")));

writeCharts();
