import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { makeCertificates } from "../../../../testing/certificates.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { connectBroker } from "../../src/cli/connect-broker.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { redisForWorld } from "../world/queue.ts";
import { until } from "../world/until.ts";

test("Redis and we get new certificates, of a new authority: the connection is back without a restart, and the log says so", {
  skip: without("redis-server", "openssl"),
}, async (t) => {
  const folder = await temporaryDirectory(t);
  const { redis, settings } = await redisForWorld(t);
  const ours = { ca: join(folder, "ca.crt"), cert: join(folder, "redis.crt"), key: join(folder, "redis.key") };
  const renew = (from: Record<keyof typeof ours, string>) =>
    Promise.all((["ca", "cert", "key"] as const).map((file) => copyFile(from[file], ours[file])));
  await renew(redis.tls!);
  const lines: string[] = [];
  const log = pino({ base: undefined }, { write: (line: string) => void lines.push(line) });
  const { broker, close } = await connectBroker(
    settingsOf(folder, {
      ...settings,
      "redis.ca_file": ours.ca,
      "redis.cert_file": ours.cert,
      "redis.key_file": ours.key,
    }),
    log,
    new AbortController().signal,
  );
  t.after(close);
  await broker.ping();

  await mkdir(join(folder, "next"));
  const next = await makeCertificates(join(folder, "next"), { serverNames: ["db.example"] });
  await renew(next);
  for (const file of ["ca", "cert", "key", "serverCert", "serverKey"] as const) {
    await copyFile(next[file], redis.tls![file]);
  }
  await redis.restart();
  await until("Redis answers again", () =>
    broker.ping().then(
      () => true,
      () => false,
    ),
  );
  const said = lines.map((line) => JSON.parse(line) as { msg: string });
  assert.deepEqual(
    said.map(({ msg }) => msg),
    ["renewed certificate files are in use for new connections"],
  );
});

function settingsOf(cwd: string, overrides: Readonly<Record<string, string>>) {
  const given = Object.entries(overrides).map(([key, text]) => ({ key, text, option: "test" }));
  return loadSettings({ env: {}, cwd, overrides: given }).settings;
}
