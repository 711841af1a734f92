import { resolve } from "node:path";
import { fullName } from "../../opsdb/locations.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition } from "../command.ts";
import { applySeed } from "../seed/apply-seed.ts";
import { readSeed, shippedSeed } from "../seed/read-seed.ts";
import { withDatabase } from "../with-database.ts";

export const dbSeed: CommandDefinition<{ file?: string }> = {
  description: `Brings sites and locations in the database to what a list says; without --file that is the list that comes with
the program (sites ccat and cologne, location ramses_processing in staging.root). Nothing is ever removed, and doing it
again changes nothing. An archive is added with a file such as

  [[location]]
  site = "cologne"
  name = "lta"
  location_type = "long_term_archive"
  storage_type = "s3"
  endpoint = "https://s3.example.org"
  bucket = "raw-data"`,
  options: [{ flags: "--file <path>", description: "TOML file with [[site]] and [[location]] entries" }],
  examples: [
    { command: "ccat_data_transfer db seed", purpose: "after the first db migrate" },
    { command: "ccat_data_transfer db seed --file archives.toml", purpose: "add the archives that packages come from" },
  ],
  async run(context, { file }) {
    const { settings, output } = context;
    const path = file === undefined ? shippedSeed : resolve(file);
    const seed = readSeed(path, settings.staging.root);
    const locations = await withDatabase(context, (db) => applySeed(db, seed, path, actor()));
    output.result({ sites: seed.sites, locations }, [
      ...seed.sites.map((site) => `site ${site.shortName}: ${site.name}`),
      ...locations.map(
        (location) => `location ${fullName(location)}: ${location.locationType}, ${location.storageType}`,
      ),
    ]);
    return 0;
  },
};
