import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import * as z from "zod";
import { SeedInvalid } from "../../errors/seed.ts";
import { locationTypes, type Site } from "../../model/location.ts";
import type { LocationSeed } from "../../opsdb/locations.ts";
import { parseSize } from "../../settings/units.ts";

/** Sites and locations as they shall be in the database. */
export interface Seed {
  sites: Omit<Site, "id">[];
  locations: { site: string; location: LocationSeed }[];
}

/** The list that comes with the program. */
export const shippedSeed = fileURLToPath(new URL("../../../seed.toml", import.meta.url));

/**
 * Reads a list of sites and locations.
 *
 * @param root  the setting staging.root: relative paths of locations lie below it
 * @throws SeedInvalid with everything that is wrong
 */
export function readSeed(file: string, root: string): Seed {
  const read = seedFile.safeParse(readToml(file));
  if (!read.success) {
    throw new SeedInvalid(
      file,
      read.error.issues.map(({ path, message }) => `${path.map(String).join(".")}: ${message}`),
    );
  }
  return {
    sites: read.data.site.map(({ name, short_name, location }) => ({ name, shortName: short_name, location })),
    locations: read.data.location.map((entry) => ({ site: entry.site, location: toSeed(entry, root) })),
  };
}

// Both go into queue names and paths.
const shortName = z.string().regex(/^[a-z0-9][a-z0-9_]*$/, "expected a name of a-z, 0-9 and _");

const site = z.strictObject({ name: z.string().min(1), short_name: shortName, location: z.string().default("") });

const common = {
  site: shortName,
  name: shortName,
  location_type: z.enum(locationTypes),
  priority: z.number().int().default(0),
  active: z.boolean().default(true),
  budget: z
    .unknown()
    .transform((value, context) => {
      const bytes = parseSize(value);
      if (bytes === undefined) context.addIssue({ code: "custom", message: 'expected a size: bytes, or "10 TiB"' });
      return bytes ?? z.NEVER;
    })
    .optional(),
};

const location = z.discriminatedUnion("storage_type", [
  z.strictObject({
    ...common,
    storage_type: z.literal("disk"),
    host: z.string().min(1).optional(),
    path: z.string().min(1),
  }),
  z.strictObject({
    ...common,
    storage_type: z.literal("s3"),
    endpoint: z.url({ protocol: /^https?$/ }),
    bucket: z.string().min(1),
    prefix: z
      .string()
      .regex(/^(.*\/)?$/, "expected nothing, or a text that ends in /")
      .default(""),
    region: z.string().min(1).default("us-east-1"),
  }),
  z.strictObject({ ...common, storage_type: z.literal("tape"), path: z.string().min(1) }),
]);

const seedFile = z.strictObject({ site: z.array(site).default([]), location: z.array(location).default([]) });

function toSeed(entry: z.infer<typeof location>, root: string): LocationSeed {
  const { name, location_type: locationType, priority, active, budget } = entry;
  const base = { name, locationType, priority, active, budget };
  switch (entry.storage_type) {
    case "disk":
      return { ...base, storageType: "disk", host: entry.host, path: resolve(root, entry.path) };
    case "tape":
      return { ...base, storageType: "tape", path: entry.path };
    case "s3": {
      const { endpoint, bucket, prefix, region } = entry;
      return { ...base, storageType: "s3", endpoint, bucket, prefix, region };
    }
  }
}

function readToml(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new SeedInvalid(file, [(error as Error).message.split("\n")[0]!], { cause: error });
  }
}
