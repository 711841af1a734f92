/** An observation that was executed, as one instrument module recorded it. */
export interface SampleObservation {
  /** The executed observation unit; several modules may record the same one. */
  id: string;
  /** Unique for the module, and part of folders and names. */
  name: string;
  instrument: string;
  module: string;
  program: string;
  source: string;
  /** Degrees. */
  ra: number;
  dec: number;
  /** The local date of the evening. */
  night: string;
  /** ISO 8601, UTC. */
  start: string;
  scans: number;
  subscans: number;
  /** Seconds per subscan, a whole number. */
  exposure: number;
  data: {
    kind: "spectra" | "time streams";
    detectors: number;
    /** Spectral channels, or samples in time. A multiple of 128. */
    channels: number;
    /** Hz. */
    frequency: number;
  };
}

const galaxy = {
  id: "9f1c2a54-6a0e-4d0b-9d0a-3c1f5f6b7a01",
  name: "GEco_NGC253_0001",
  instrument: "CHAI",
  program: "GEco",
  source: "NGC253",
  ra: 11.888,
  dec: -25.288,
  night: "2026-03-14",
  start: "2026-03-15T02:15:30Z",
  scans: 6,
  subscans: 12,
  exposure: 20,
};

/** What the demo archives. CHAI has two arrays of 64 pixels that look at the same sky in two bands. */
export const sampleObservations: readonly SampleObservation[] = [
  { ...galaxy, module: "LFA", data: { kind: "spectra", detectors: 64, channels: 4096, frequency: 461.0407682e9 } },
  { ...galaxy, module: "HFA", data: { kind: "spectra", detectors: 64, channels: 4096, frequency: 809.3435e9 } },
  {
    ...galaxy,
    id: "5b7d3c1e-0b57-4f39-8a6e-d0b2a9c64e02",
    name: "Cal_Mars_0002",
    module: "LFA",
    program: "Cal",
    source: "Mars",
    ra: 331.42,
    dec: -13.07,
    start: "2026-03-15T03:05:00Z",
    scans: 1,
    data: { kind: "spectra", detectors: 64, channels: 1024, frequency: 461.0407682e9 },
  },
  {
    id: "c2a8e6f0-91d4-4c67-b7c3-1e5d80f29b03",
    name: "DSS_E-CDF-S_0003",
    instrument: "PrimeCam",
    module: "mod280",
    program: "DSS",
    source: "E-CDF-S",
    ra: 53.1167,
    dec: -27.8083,
    night: "2026-03-15",
    start: "2026-03-16T00:41:10Z",
    scans: 5,
    subscans: 12,
    exposure: 1,
    data: { kind: "time streams", detectors: 1728, channels: 256, frequency: 280e9 },
  },
];
