import { insertPackage } from "../packages/data-transfer/src/opsdb/catalogue.ts";
import { claimItem, completeItem, renewClaim } from "../packages/data-transfer/src/opsdb/items.ts";
import { jobItems } from "../packages/data-transfer/src/opsdb/jobs.ts";
import { packageFiles } from "../packages/data-transfer/src/opsdb/packages.ts";
import { requestStaging } from "../packages/data-transfer/src/staging/request.ts";
import type { Figure } from "./figure.ts";
import type { Rig } from "./rig.ts";

const files = 1_000_000;
const name = "a-million-files";
/** Seconds between two renewals of a claim, as a worker has it. */
const renewEvery = 1;

/**
 * Puts a package of a million files into the catalogue, reads their list, and records them as staged: for the first time,
 * and again for another job. Nothing is unpacked. While they are recorded the claim is renewed, as a worker does it.
 */
export async function measureRecording(rig: Rig, say: (line: string) => void): Promise<Figure[]> {
  say(`recording: a package of ${files} files`);
  const figure = { measurement: "recording", unit: "s" };
  const catalogued = await seconds(() => catalogue(rig));
  const { id } = catalogued.result;
  const read = await seconds(async () => {
    let count = 0;
    for await (const _ of packageFiles(rig.db, id)) count++;
    if (count !== files) throw new Error(`${count} files were read`);
  });
  const first = await record(rig);
  const again = await record(rig);
  return [
    { ...figure, what: "put into the catalogue", value: catalogued.seconds, promised: undefined },
    { ...figure, what: "list read as a stream", value: read.seconds, promised: undefined },
    { ...figure, what: "recorded as staged", value: first.seconds, promised: { atMost: 20 } },
    { ...figure, what: "recorded again", value: again.seconds, promised: { atMost: 20 } },
    {
      ...{ ...figure, unit: "ms" },
      what: "longest renewal of the claim meanwhile",
      value: Math.max(...first.renewals, ...again.renewals),
      promised: undefined,
    },
  ];
}

function catalogue({ db, archive }: Rig) {
  function* all() {
    for (let number = 0; number < files; number++) {
      const digest = number.toString(16).padStart(16, "0");
      yield {
        path: `night-${Math.floor(number / 1000)}/scan-${number}.fits`,
        size: 4096,
        checksum: { algorithm: "xxh64", digest },
      };
    }
  }
  const copy = { locationId: archive.id, key: `${name}.tar` };
  const size = files * 5120;
  return db.transaction((tx) =>
    insertPackage(tx, { name, size, checksum: undefined, state: "archived", files: all(), copy }),
  );
}

async function record({ db, destination }: Rig): Promise<{ seconds: number; renewals: number[] }> {
  const wanted = { packages: [name], destination: "ramses_processing" };
  const job = await requestStaging(db, { ...wanted, requester: "bench", lifetime: 86_400, priority: 6 });
  const [item] = await jobItems(db, job.id);
  const claimed = await claimItem(db, item!.id, { worker: "bench", leaseSeconds: 60, locationIds: [destination.id] });
  if (claimed.outcome !== "claimed") throw new Error(`the item is ${claimed.outcome}`);
  const { claim } = claimed;
  const renewals: number[] = [0];
  const renewing = setInterval(async () => {
    const { seconds: took, result } = await seconds(() => renewClaim(db, claim.attemptId, 60, 0));
    if (result === "held") renewals.push(took * 1000);
  }, renewEvery * 1000);
  try {
    const completed = await seconds(() => completeItem(db, claim, { alreadyThere: false, sourceCopyId: undefined }));
    return { seconds: completed.seconds, renewals };
  } finally {
    clearInterval(renewing);
  }
}

async function seconds<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const begun = performance.now();
  const result = await work();
  return { seconds: (performance.now() - begun) / 1000, result };
}
