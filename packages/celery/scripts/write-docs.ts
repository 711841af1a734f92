/** Writes the documents of packages/celery that are made from its sources; a test fails while one of them is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../scripts/report.ts";
import { statusPoints } from "../docs/status-points/index.ts";
import { renderApi } from "./docs/api.ts";
import { renderCommands } from "./docs/commands.ts";
import { renderSettings, withSettings } from "./docs/settings-tables.ts";
import { renderStatus } from "./docs/status.ts";

const home = join(root, "packages/celery");
const readme = join(home, "README.md");
writeFileSync(readme, withSettings(readFileSync(readme, "utf8")));
writeFileSync(join(home, "docs/settings.md"), renderSettings());
writeFileSync(join(home, "docs/commands.md"), renderCommands());
writeFileSync(join(home, "docs/status.md"), renderStatus(statusPoints));
writeFileSync(join(home, "docs/api.md"), renderApi());
