import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FitsCard, fitsHeader, imageCards, paddedSize, rowSize, type TableColumn, tableCards } from "./fits.ts";
import { type Noise, noiseFrom } from "./noise.ts";
import { type SampleObservation, sampleObservations } from "./sample-observations.ts";

/** One package to be: a folder with the files that one module wrote during one executed observation. */
export interface SamplePackage {
  name: string;
  /** Absolute; what is below it belongs into the package. */
  directory: string;
  observation: SampleObservation;
  /** Paths below `directory`, `/` between the parts, in ascending order. */
  files: { path: string; size: number }[];
  bytes: number;
}

export interface SampleDataOptions {
  /** The same seed makes the same bytes (default 1). */
  seed?: number;
  observations?: readonly SampleObservation[];
  signal?: AbortSignal;
}

/**
 * Writes raw data as FYST's instruments do, below `root`/INSTRUMENT/MODULE/NIGHT/: FITS files with complete headers,
 * spectra and detector time streams of noise with a signal in it, and a table of housekeeping. With the default
 * observations: 4 packages, 220 files, 240 MB, in a second or two.
 *
 * @throws the signal's reason when it is aborted
 */
export async function makeSampleData(root: string, options: SampleDataOptions = {}): Promise<SamplePackage[]> {
  const { seed = 1, observations = sampleObservations, signal } = options;
  const packages: SamplePackage[] = [];
  for (const [index, observation] of observations.entries()) {
    const noise = noiseFrom(seed * 1009 + index);
    const { instrument, module, night, name } = observation;
    const directory = join(root, instrument, module, night, name);
    const files: SamplePackage["files"] = [];
    const keep = async (path: string, content: Buffer) => {
      signal?.throwIfAborted();
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
      files.push({ path, size: content.length });
    };

    await keep("housekeeping.fits", housekeeping(observation, noise));
    for (let scan = 1; scan <= observation.scans; scan++) {
      for (let subscan = 1; subscan <= observation.subscans; subscan++) {
        await keep(subscanPath(observation, scan, subscan), exposure(observation, scan, subscan, noise));
      }
    }
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    packages.push({ name: `${instrument}_${module}_${name}`, directory, observation, files, bytes });
  }
  return packages;
}

function subscanPath({ module, name }: SampleObservation, scan: number, subscan: number): string {
  const number = (value: number) => String(value).padStart(4, "0");
  return `scan_${number(scan)}/${module}_${name}_${number(scan)}_${number(subscan)}.fits`.toLowerCase();
}

/** One integration: an image of all detectors times channels (spectra, 32-bit floats) or samples (counts, 32-bit integers). */
function exposure(observation: SampleObservation, scan: number, subscan: number, noise: Noise): Buffer {
  const { channels, detectors, kind } = observation.data;
  const header = fitsHeader([
    ...imageCards(kind === "spectra" ? -32 : 32, [channels, detectors]),
    ...describe(observation, scan, subscan),
    ...(kind === "spectra" ? spectralAxis(observation) : timeAxis(observation)),
  ]);
  const size = channels * detectors * 4;
  const file = Buffer.alloc(paddedSize(header.length + size));
  header.copy(file);
  const data = file.subarray(header.length, header.length + size);
  if (kind === "spectra") {
    noise.fillWithFloats(data);
    addLine(data, observation);
  } else {
    noise.fillWithIntegers(data);
  }
  return file;
}

/** A spectral line in the middle of the band, brightest in the middle of the array. */
function addLine(data: Buffer, { data: { channels, detectors } }: SampleObservation): void {
  const width = channels / 64;
  for (let detector = 0; detector < detectors; detector++) {
    const brightness = 4 * Math.exp(-(((detector - detectors / 2) / (detectors / 4)) ** 2));
    for (let offset = -2 * width; offset <= 2 * width; offset++) {
      const at = (detector * channels + channels / 2 + offset) * 4;
      data.writeFloatBE(data.readFloatBE(at) + brightness * Math.exp(-((offset / width) ** 2)), at);
    }
  }
}

function describe(observation: SampleObservation, scan: number, subscan: number): FitsCard[] {
  const seconds = ((scan - 1) * observation.subscans + subscan - 1) * observation.exposure;
  return [
    ["DATE-OBS", timeAfter(observation.start, seconds), "start of this integration, UTC"],
    ["EXPTIME", { real: observation.exposure }, "[s] integration time"],
    ["TELESCOP", "FYST"],
    ["OBSERVAT", "CCAT", "Cerro Chajnantor, 5612 m"],
    ["INSTRUME", observation.instrument],
    ["MODULE", observation.module, "instrument module"],
    ["PROGRAM", observation.program, "observing program"],
    ["OBSID", observation.id, "executed observation unit"],
    ["OBJECT", observation.source],
    ["RADESYS", "ICRS"],
    ["RA", { real: observation.ra }, "[deg]"],
    ["DEC", { real: observation.dec }, "[deg]"],
    ["SCAN", scan],
    ["SUBSCAN", subscan],
  ];
}

function spectralAxis({ data: { channels, frequency } }: SampleObservation): FitsCard[] {
  return [
    ["BUNIT", "K", "antenna temperature"],
    ["CTYPE1", "FREQ"],
    ["CUNIT1", "Hz"],
    ["CRPIX1", { real: channels / 2 }],
    ["CRVAL1", { real: frequency }],
    ["CDELT1", { real: 4e9 / channels }],
    ["RESTFRQ", { real: frequency }, "[Hz]"],
    ["SPECSYS", "TOPOCENT"],
  ];
}

function timeAxis({ exposure, data: { channels, frequency } }: SampleObservation): FitsCard[] {
  return [
    ["BUNIT", "count", "detector phase"],
    ["CTYPE1", "TIME"],
    ["CUNIT1", "s"],
    ["CRPIX1", { real: 1 }],
    ["CRVAL1", { real: 0 }],
    ["CDELT1", { real: exposure / channels }],
    ["BANDFREQ", { real: frequency }, "[Hz] centre of the band"],
  ];
}

const housekeepingColumns: readonly TableColumn[] = [
  { name: "TIME", format: "D", unit: "s" },
  { name: "AZIMUTH", format: "D", unit: "deg" },
  { name: "ELEVATION", format: "D", unit: "deg" },
  { name: "PWV", format: "E", unit: "mm" },
  { name: "COLDPLATE", format: "E", unit: "K" },
];

/** Pointing, weather and cryostat, a row a second, as a binary table behind an empty image. */
function housekeeping(observation: SampleObservation, noise: Noise): Buffer {
  const rows = observation.scans * observation.subscans * observation.exposure;
  const head = fitsHeader([...imageCards(8, []), ...describe(observation, 1, 1)]);
  const tableHead = fitsHeader(tableCards("HOUSEKEEPING", housekeepingColumns, rows));
  const width = rowSize(housekeepingColumns);
  const table = Buffer.alloc(paddedSize(rows * width));
  for (let row = 0; row < rows; row++) {
    let at = row * width;
    at = table.writeDoubleBE(row, at);
    at = table.writeDoubleBE(120 + 0.004 * row, at);
    at = table.writeDoubleBE(62 + 0.2 * Math.sin(row / 20), at);
    at = table.writeFloatBE(0.6 + 0.01 * noise.next(), at);
    table.writeFloatBE(4.1 + 0.002 * noise.next(), at);
  }
  return Buffer.concat([head, tableHead, table]);
}

/** As FITS writes times: without a zone, which is UTC. */
function timeAfter(start: string, seconds: number): string {
  return new Date(Date.parse(start) + seconds * 1000).toISOString().replace("Z", "");
}
