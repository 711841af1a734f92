import assert from "node:assert/strict";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import sql from "sql-template-tag";
import { makeCertificates } from "../../../../../testing/certificates.ts";
import { type FaultProxy, startFaultProxy } from "../../../../../testing/fault-proxy.ts";
import { without } from "../../../../../testing/require-server.ts";
import type { LocationSeed } from "../../../src/opsdb/locations.ts";
import { type Production, startServers } from "../../processes/production.ts";
import { startArchiveServer } from "./archive-server.ts";
import { startChaos } from "./chaos-world.ts";
import { recovered } from "./recovered.ts";

const mib = 1024 * 1024;

suite("an archive over HTTP, and one over HTTPS", { skip: without("redis-server", "openssl") }, async () => {
  let secure: FaultProxy | undefined;
  const world = await startChaos({ after }, await startServers({ after }), {
    async moreArchives(production) {
      const made = await secureArchive(production);
      secure = made.proxy;
      return [made.location];
    },
  });
  const { db } = world.production;

  test("archive: bits of a package are others, as long as anybody reads", async (t) => {
    await world.put({ both: 6_000_000 });
    await db.query(sql`
      INSERT INTO physical_copy (raw_data_package_id, data_location_id, key, status)
      SELECT p.id, d.id, 'both.tar', 'present' FROM raw_data_package p, data_location d
      WHERE p.name = 'both' AND d.name = 'mirror'`);
    await world.proxies.archive.play({ kind: "bit flip", every: mib });
    const since = performance.now();
    const job = await world.request("both");
    await world.staged([job]);
    await recovered(t, since);
    assert.ok(world.proxies.archive.hits > 0);
    await world.proxies.archive.pass();
    await world.expectWhole([job]);
    assert.deepEqual(await sourceOf(job), "mirror");
  });

  test("archive: over TLS one bit of a package is another, three times", async (t) => {
    await world.put({ safe: 6_000_000 });
    await db.query(sql`
      UPDATE physical_copy c SET data_location_id = d.id FROM raw_data_package p, data_location d
      WHERE p.id = c.raw_data_package_id AND p.name = 'safe' AND d.name = 'mirror'`);
    await secure!.play({ kind: "bit flip", at: mib }, 3);
    const since = performance.now();
    const job = await world.request("safe");
    await world.staged([job]);
    await recovered(t, since);
    assert.equal(secure!.hits, 3);
    await world.expectWhole([job]);
    const codes = world.worker.log().filter(({ code }) => code === "CDT-CHECKSUM");
    assert.equal(codes.length, 1, "of what TLS has noticed no checksum is reached: only the first test's was wrong");
  });

  async function sourceOf(job: number): Promise<string | undefined> {
    const [row] = await db.query<{ name: string }>(sql`
      SELECT d.name FROM staging_item i JOIN physical_copy c ON c.id = i.source_copy_id
      JOIN data_location d ON d.id = c.data_location_id WHERE i.staging_job_id = ${job}`);
    return row?.name;
  }
});

/** Serves the same folder, behind a proxy of its own; makes the settings that a worker needs to read there. */
async function secureArchive(production: Production): Promise<{ proxy: FaultProxy; location: LocationSeed }> {
  const { settings, folder } = production;
  const tls = await makeCertificates(join(folder, "mirror"));
  const proxy = await startFaultProxy({ after }, await startArchiveServer({ after }, production.archive, tls));
  const endpoint = `https://127.0.0.1:${proxy.port}`;
  const allowed = JSON.parse(settings.storage__allowed_endpoints!);
  settings.storage__allowed_endpoints = JSON.stringify([...allowed, endpoint]);
  settings.storage__ca_file = tls.ca;
  settings.s3__cologne_mirror__access_key = "key";
  settings.s3__cologne_mirror__secret_key = "secret of the mirror";
  return {
    proxy,
    location: {
      ...{ name: "mirror", locationType: "long_term_archive", priority: 1, active: true },
      ...{ storageType: "s3", endpoint, bucket: "raw", prefix: "", region: "default" },
    },
  };
}
