import { createReadStream } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { startCeph, type TestCeph, withoutCeph } from "../testing/ceph.ts";
import type { Figure } from "./figure.ts";
import { measureSet } from "./measure-speed.ts";
import type { Source } from "./mover/contestants.ts";
import { peakOf } from "./mover/ratios.ts";
import { gibibyte, makeSet, type SetShape, smallFiles } from "./mover/sample-set.ts";
import type { Cost } from "./mover/timed-run.ts";
import type { Tools } from "./mover/tools.ts";

const bucket = "packages";

/** The gateway keeps its objects in 2 GiB of memory. */
const sets: readonly SetShape[] = [{ packages: 1, files: 10, bytes: gibibyte }, smallFiles];

/** `package fetch` beside `curl | tar x` from Ceph's gateway, with signed requests on both sides; left out without a lab. */
export async function measureCeph(tools: Tools): Promise<Figure[]> {
  const reason = withoutCeph();
  if (reason !== false) {
    tools.say(`ceph: left out: ${reason}`);
    return [];
  }
  const ceph = await startCeph(tools.scope);
  await ceph.createBucket(bucket);
  const source = fromCeph(ceph);
  const figures: Figure[] = [];
  const costs: Cost[] = [];
  for (const shape of sets) {
    tools.say(`ceph: making and uploading ${shape.files} files`);
    const set = await makeSet(join(tools.directory, "uploaded"), shape, tools.scale);
    for (const { key: Key, tar, size: ContentLength } of set.all) {
      await ceph.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: createReadStream(tar), ContentLength }));
    }
    const measured = await measureSet(tools, { measurement: "ceph", set, source, roundsOfScript: 1 });
    figures.push(...measured.figures);
    costs.push(...measured.costs);
    await set.remove();
  }
  return [...figures, peakOf("ceph", "peak RSS of any run", costs)];
}

function fromCeph({ endpoint, region, accessKeyId, secretAccessKey }: TestCeph): Source {
  const remote = `:s3,provider=Ceph,access_key_id=${accessKeyId},secret_access_key=${secretAccessKey},endpoint="${endpoint}"`;
  return {
    curl: (key) => [
      ...["--aws-sigv4", `aws:amz:${region}:s3`, "--user", `${accessKeyId}:${secretAccessKey}`],
      // The curl of Debian 12 signs this header and does not make it.
      ...["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"],
      `${endpoint}/${bucket}/${key}`,
    ],
    rclone: (key) => [`${remote}:${bucket}/${key}`],
    ours: (key) => [`s3://${bucket}/${key}`, "--endpoint", endpoint],
    env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region },
  };
}
