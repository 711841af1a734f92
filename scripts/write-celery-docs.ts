/** Writes the documents of packages/celery that are made from its sources; a test fails while one of them is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { statusPoints } from "../packages/celery/docs/status-points/index.ts";
import { renderApi } from "./celery-docs/api.ts";
import { renderSettings, withSettings } from "./celery-docs/settings-tables.ts";
import { renderStatus } from "./celery-docs/status.ts";
import { root } from "./report.ts";

const home = join(root, "packages/celery");
const readme = join(home, "README.md");
writeFileSync(readme, withSettings(readFileSync(readme, "utf8")));
writeFileSync(join(home, "docs/settings.md"), renderSettings());
writeFileSync(join(home, "docs/status.md"), renderStatus(statusPoints));
writeFileSync(join(home, "docs/api.md"), renderApi());
