/**
 * The image in pods, on a node that runs them: the production chart with an overlay that replaces every address. Redis with mutual TLS,
 * PostgreSQL with TLS and an archive that speaks S3 listen on this machine's end of the pods' network.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { jobItems } from "../../../packages/data-transfer/src/opsdb/jobs.ts";
import { findLocation } from "../../../packages/data-transfer/src/opsdb/locations.ts";
import {
  archivePackages,
  archiveSources,
  assertStaged,
  queue,
  sourceOf,
  stagedAt,
} from "../../../packages/data-transfer/test/processes/packages.ts";
import { assertKept } from "../../../packages/data-transfer/test/processes/production.ts";
import { jobsThatContradictTheirItems, stagedRecords } from "../../../packages/data-transfer/test/world/items.ts";
import { until } from "../../../packages/data-transfer/test/world/until.ts";
import { withoutCluster } from "../../../testing/kubernetes/cluster.ts";
import type { Json } from "../../../testing/kubernetes-objects/kubernetes-object.ts";
import { somebody, withoutContainers } from "../../image/test/e2e/build-image.ts";
import { notedFiles } from "./noted-files.ts";
import { type RealNode, startRealNode, wrongPassword } from "./real-node.ts";

const MiB = 1024 * 1024;
const skip = withoutCluster({ real: true }) || withoutContainers("redis-server", "openssl", "postgresql-15");
let node: RealNode;
const ends: (() => void | Promise<void>)[] = [];
const workers = "deployment/ccat-raw-data-managers";
/** How many files each package has that was asked for. */
const staged: Record<string, number> = {};
/** So many files of a package, each a MiB, are durable before its worker is disturbed. */
const enough = 16;
/** The chart's examples that the pod runs with. */
const overlays = ["rotated-credentials", "health-checks"];
const load = Array.from({ length: 10 }, (_, index) => `load-${index + 1}`);
let made: Promise<unknown> | undefined;

suite("the image in pods of a real node", { skip, timeout: 840_000 }, () => {
  // Also what comes up only half is taken down again.
  before(async () => {
    node = await startRealNode({ after: (work) => void ends.push(work) });
  });
  after(async () => {
    for (const end of ends) await end();
  });
  afterEach(async (t) => {
    node.gate.open();
    if ("passed" in t && !t.passed) t.diagnostic(await node.describe());
  });

  test("a wrong password is the pod's last word; the one of an overlay's Secret wins over it", async () => {
    await node.install([]);
    const lastWord = "kubectl get pods -n ccat -l app.kubernetes.io/component=data-managers -o jsonpath='{..message}'";
    const said = await node.shell.until(lastWord, (output) => output.includes("[CDT-DATABASE-LOGIN]"));
    assertKept([wrongPassword], "the pod", said);

    await node.install(overlays);
    await ready();
    await node.shell.until(`kubectl logs ${workers} -n ccat`, (output) => output.includes("worker is consuming"));
    const own = `kubectl get secret ccat-raw-credentials -n ccat -o go-template='{{ .data.CCAT_DATA_TRANSFER_DATABASE__PASSWORD | base64decode }}'`;
    assert.equal(await node.shell.must(own), wrongPassword, "the pod still has it before the overlay's");
  });

  test("a package that is asked for in the pod lies on the volume, byte for byte, and is recorded", async () => {
    const { production } = node;
    await archivePackages(production, { first: 20_000_000 });
    node.gate.open();
    staged.first = 4;
    await node.exec("ccat_data_transfer stage request first --wait");
    await assertAllStaged();
    const { uid, gid } = await stat(stagedAt(production, "first"));
    assert.deepEqual({ uid, gid }, somebody);
  });

  test("what operators type answers", async () => {
    const { settings } = node.production;
    const says = async (line: string, pattern: RegExp) => assert.match(await node.shell.must(line), pattern, line);
    await says("kubectl get pods -n ccat", /^ccat-raw-data-managers-\S+\s+1\/1\s+Running\s+0\s/m);
    await says("kubectl rollout status deployment/ccat-raw-data-managers -n ccat", /successfully rolled out/);
    await says("kubectl logs deployment/ccat-raw-data-managers -n ccat", /"msg":"staged"/);
    await says(
      "kubectl exec deploy/ccat-raw-data-managers -n ccat -- ccat_data_transfer list-queues ramses_processing",
      new RegExp(`^${queue} .* yes +1 `, "m"),
    );
    await says(
      "kubectl exec deploy/ccat-raw-data-managers -n ccat -- ls /etc/redis/certs",
      /^archive\.crt\nca\.crt\npostgres\.crt\nredis\.crt\nredis\.key\n$/,
    );
    for (const [name, port] of [
      ["redis", settings.redis__port],
      ["postgres", settings.database__port],
    ]) {
      const began = performance.now();
      const line = `kubectl exec deploy/ccat-raw-data-managers -n ccat -- nc -v ${name} ${port}`;
      await says(line, new RegExp(`Connection to ${name} .*succeeded!`));
      assert.ok(performance.now() - began < 15_000, `${line} took ${performance.now() - began} ms`);
    }
  });

  test("the doctor finds the pod fit for work, by hand and by helm test", async () => {
    const report = await node.exec("ccat_data_transfer doctor");
    assert.match(report, /^√ fit for work: \d+ ok$/m, report);
    assert.match(report, /mounted for it.* at \/data\)$/m, report);
    const tested = await node.shell.must("helm test ccat-raw -n ccat --logs --timeout 90s");
    assert.match(tested, /Phase:\s+Succeeded/);
    assert.match(tested, /fit for work/);
  });

  for (const [name, what, end] of [
    ["restarted", "a restart of the rollout", "kubectl rollout restart deployment/ccat-raw-data-managers -n ccat"],
    ["killed", "a pod that is deleted by force", "kubectl delete pod POD -n ccat --force --grace-period=0"],
  ] as const) {
    test(`${what} in the middle of a package: nothing is lost, and the next pod goes on from what is there`, async () => {
      const { job, pod, size } = await inTheMiddle(name);
      const first = await node.processOf(pod);
      await node.shell.must(end.replace("POD", pod.metadata.name));
      const before = node.gate.sent(name);
      // One that is deleted by force is forgotten before its end.
      await until("the pod's process has ended", () => !existsSync(`/proc/${first}`));
      const next = await node.pod();
      assert.notEqual(next.metadata.name, pod.metadata.name);
      node.gate.open();
      await done(job);
      assertNotAgain(size, node.gate.sent(name) - before);
      const [item] = await jobItems(node.production.db, job);
      assert.deepEqual([item?.status, item?.attempt], ["completed", 2]);
      assert.match(await node.shell.must(`kubectl logs ${next.metadata.name} -n ccat`), /"msg":"staged"/);
      await assertAllStaged();
    });
  }

  test("a worker whose loop stands still in the middle of a package is restarted by its probe, and goes on", async (t) => {
    const { job, pod, size } = await inTheMiddle("stopped");
    const stopped = await node.processOf(pod);
    const began = performance.now();
    process.kill(stopped, "SIGSTOP");
    const before = node.gate.sent("stopped");
    const restarts = `kubectl get pod ${pod.metadata.name} -n ccat -o jsonpath='{.status.containerStatuses[0].restartCount}'`;
    // Meanwhile what the next test needs is made.
    await Promise.all([node.shell.until(restarts, (output) => output === "1", 180), makeLoad()]);
    t.diagnostic(`restarted after ${((performance.now() - began) / 1000).toFixed(0)} s`);
    const events = await node.shell.must(`kubectl describe pod ${pod.metadata.name} -n ccat`);
    assert.match(events, /Unhealthy.*Liveness probe failed/);
    assert.match(events, /Container cologne-staging failed liveness probe, will be restarted/);
    assert.ok(!existsSync(`/proc/${stopped}`));
    node.gate.open();
    await done(job);
    assertNotAgain(size, node.gate.sent("stopped") - before);
    await assertAllStaged();
  });

  test("probes that are switched on stay green under load", async (t) => {
    // Far less than the chart gives, so that the load lasts, and the worker is kept from the processor most of the time.
    const slow = "--set resources.cologne-staging.limits.cpu=200m --set settings.worker.concurrency=2";
    node.gate.open();
    await Promise.all([makeLoad(), node.install(overlays, slow)]);
    await ready();
    const pod = await node.pod();
    const since = readySince(pod);
    const first = await node.probes(pod);
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    let probes = first;
    const during = (kind: string) => (probes[kind] ?? 0) - (first[kind] ?? 0);
    // Staged at the first time; whoever asks again has them verified, which is work, too.
    while (during("Readiness successful") < 3 || during("Liveness successful") < 2) {
      assert.ok(seconds() < 120, JSON.stringify({ first, probes }));
      await node.exec(`ccat_data_transfer stage request ${load.join(" ")} --wait`);
      probes = await node.probes(pod);
    }
    for (const name of load) staged[name] = 1500;
    t.diagnostic(`${seconds().toFixed(0)} s of load: ${JSON.stringify(probes)}`);
    const now = await node.pod();
    assert.deepEqual(now.metadata.uid, pod.metadata.uid);
    assert.deepEqual([now.status.containerStatuses[0].restartCount, readySince(now)], [0, since]);
    assert.deepEqual([probes["Readiness failed"] ?? 0, probes["Liveness failed"] ?? 0], [0, 0]);
    await assertAllStaged();
  });

  async function ready(): Promise<void> {
    await node.shell.must(`kubectl rollout status ${workers} -n ccat --timeout=90s`);
  }

  async function done(job: number): Promise<void> {
    const { code, stdout, stderr } = await node.production.run(["stage", "wait", `${job}`, "--timeout", "90s"]);
    assert.equal(code, 0, stdout + stderr);
  }

  /** A package that the pod has the first half of, durably, while the archive keeps the rest back. */
  async function inTheMiddle(name: string): Promise<{ job: number; pod: Json; size: number }> {
    const { production, gate } = node;
    await makePackage(name, { files: 48, bytes: MiB });
    const size = (await stat(join(production.archive, `${name}.tar`))).size;
    const pod = await node.pod();
    gate.close();
    const job = /^\d+$/m.exec(await node.exec(`ccat_data_transfer stage request ${name}`));
    staged[name] = 48;
    await until("the pod has half of the package", gate.reached);
    // What is durable is written down when more comes.
    const noted = () => notedFiles(join(production.root, "staged"));
    for (let more = 1; (await noted()) < enough; more++) {
      assert.ok(more < 20, `only ${await noted()} files were noted`);
      gate.openTo(size / 2 + more * MiB);
      await pause(500);
    }
    await until("the pod has all that the gate lets through", gate.reached);
    return { job: Number(job), pod, size };
  }

  /** What was noted is not among the bytes that the second attempt was sent. */
  function assertNotAgain(size: number, again: number): void {
    assert.ok(again > 0 && again < size - enough * MiB, `${again} of ${size} bytes were read again`);
  }

  async function makePackage(name: string, { files, bytes }: { files: number; bytes: number }): Promise<void> {
    const folder = sourceOf(node.production, name);
    await mkdir(folder, { recursive: true });
    for (let file = 0; file < files; file++) await writeFile(join(folder, `${file}.fits`), randomBytes(bytes));
    await archiveSources(node.production, [name], "2026-03-14-OU17");
  }

  function makeLoad(): Promise<unknown> {
    made ??= Promise.all(load.map((name) => makePackage(name, { files: 1500, bytes: 20_000 })));
    return made;
  }

  /** All that was asked for is there, byte for byte, and recorded; nothing else is, and nothing waits. */
  async function assertAllStaged(): Promise<void> {
    const { production } = node;
    const { db } = production;
    await assertStaged(production, Object.keys(staged));
    const location = await findLocation(db, "cologne/ramses_processing");
    assert.deepEqual(await stagedRecords(db, location!.id), Object.fromEntries(Object.entries(staged).sort()));
    assert.deepEqual(await jobsThatContradictTheirItems(db), []);
    await until("no message waits or is held", async () => {
      const { json } = await production.run(["list-queues", "ramses_processing", "--output", "json"]);
      return json.length === 1 && json[0].waiting + json[0].unacked === 0;
    });
  }
});

function readySince(pod: Json): string {
  const [condition] = (pod.status.conditions as Json[]).filter(({ type }) => type === "Ready");
  assert.equal(condition?.status, "True");
  return condition.lastTransitionTime;
}
