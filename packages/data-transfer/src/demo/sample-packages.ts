import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type PackedManifest, packDirectory } from "../bundle/pack.ts";
import type { Source } from "./fill-archive.ts";
import { makeSampleData } from "./sample-data.ts";
import { type SampleObservation, sampleObservations } from "./sample-observations.ts";

/** A package of the sample: its tar on disk, and what the catalogue is to say of it. */
export interface SampleTar {
  source: Source;
  tar: string;
  manifest: PackedManifest;
}

/** Before every name, so that nobody takes sample data for the instrument's. */
export const samplePrefix = "sample_";

/** As the demo's, with four files of each package. */
const smallObservations: readonly SampleObservation[] = sampleObservations.map((observation) => ({
  ...observation,
  name: `${samplePrefix}${observation.name}`,
  scans: 1,
  subscans: 3,
}));

/**
 * Makes the sample's packages below a folder: the same bytes whenever and wherever this version makes them, so that a checksum
 * says whether a package is the sample's. 4 packages, 16 files, 13 MB.
 *
 * @throws the signal's reason when it is aborted
 */
export async function makeSamplePackages(folder: string, signal: AbortSignal): Promise<SampleTar[]> {
  const made: SampleTar[] = [];
  for (const observation of smallObservations) {
    const tree = join(folder, "tree");
    const [data] = await makeSampleData(tree, { observations: [observation], signal });
    if (data === undefined) continue;
    const { directory } = data;
    await setTimes(directory, data.files, new Date(observation.start));
    const { module, instrument, name: unit, start: startedAt } = observation;
    const name = `${samplePrefix}${data.name.replace(samplePrefix, "")}`;
    const tar = join(folder, `${name}.tar`);
    const manifest = await packDirectory(directory, tar, { name });
    await rm(tree, { recursive: true });
    const source = { name, directory, observation: { name: unit, instrument, module, startedAt } };
    made.push({ source, tar, manifest });
  }
  return made;
}

/** Times are in the tar, and those of the making would make it another one each time. */
async function setTimes(directory: string, files: readonly { path: string }[], time: Date): Promise<void> {
  const folders = files.flatMap(({ path }) => {
    const parts = path.split("/").slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  });
  for (const path of [...files.map((file) => file.path), ...new Set(folders)])
    await utimes(join(directory, path), time, time);
}
