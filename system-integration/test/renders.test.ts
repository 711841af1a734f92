/**
 * Every set of values, at the oldest Kubernetes and the newest, by both helms: the same text as ever (golden/), and objects that
 * Kubernetes takes. `UPDATE_GOLDEN=true node --test system-integration/test/renders.test.ts` writes golden/ anew, to be
 * read before it is committed.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { helmVersions } from "../../testing/helm/binaries.ts";
import { type Helm, startHelm } from "../../testing/helm/helm.ts";
import { readManifest } from "../../testing/helm/manifest.ts";
import { faultsByModels } from "../../testing/kubernetes-objects/models.ts";
import { references } from "../../testing/kubernetes-objects/references.ts";
import { strictFaults } from "../../testing/kubernetes-objects/strict-pass.ts";
import { type Case, cases, type KubeVersion, kubeVersions, patches, path } from "./charts.ts";

const update = process.env.UPDATE_GOLDEN === "true";
const [older, newer] = (await Promise.all(helmVersions.map((version) => startHelm({ after }, version)))) as [
  Helm,
  Helm,
];

/** What the namespace has before a release comes, of all cases together. */
const existing = [
  ...["ghcr-pull-secret", "postgres-rotated", "redis-tls", "redis-certs", "ccat-raw-rotated"].map(
    (name) => `Secret/${name}`,
  ),
  "ConfigMap/staging-overlay",
  "PersistentVolumeClaim/raw-data",
  "ServiceAccount/staging",
];

const named = new Set<string>();

test("there are at least 25 sets of values", () => {
  assert.ok(cases.length >= 25, `${cases.length}`);
});

for (const one of cases) {
  test(`${one.name}: both helms render the same, the same as ever, and Kubernetes takes it`, async () => {
    const texts = await Promise.all(kubeVersions.map((version) => render(one, version)));
    keep(one.name, texts);
    for (const [index, version] of kubeVersions.entries()) {
      const objects = readManifest(texts[index] as string);
      assert.ok(objects.length > 0);
      for (const { to } of references(objects)) named.add(to);
      const faults = [
        ...(await Promise.all(objects.map((object) => faultsByModels(object, version)))).flat(),
        ...strictFaults(objects, { namespace: one.namespace, existing }),
      ];
      assert.deepEqual(faults, [], `at Kubernetes ${version}`);
    }
  });
}

test("golden/ holds nothing else", () => {
  const expected = cases.flatMap(({ name }) => {
    const files = goldenFiles(name);
    return readdirSync(path("golden")).includes(files.common) ? [files.common] : kubeVersions.map(files.of);
  });
  assert.deepEqual(readdirSync(path("golden")).sort(), expected.sort());
});

test("what is said to be there before a release is named by some set of values", () => {
  assert.deepEqual(
    existing.filter((reference) => !named.has(reference)),
    [],
  );
});

async function render({ chart, valueFiles, release, namespace }: Case, version: KubeVersion): Promise<string> {
  const options = { valueFiles, release, namespace, kubeVersion: patches[version] };
  const [text, other] = (await Promise.all([older.text(chart, options), newer.text(chart, options)])).map(plain);
  same(other as string, text as string, `helm ${newer.version} renders something else than helm ${older.version}`);
  return text as string;
}

/** Helm 4 leaves an empty line between documents; and passwords and certificates of a laptop's servers are others each time. */
function plain(text: string): string {
  return text
    .replaceAll(/\n+(?=---\n|$)/g, "\n")
    .split(/^(?=---$)/m)
    .map((one) => (/^ {2}name: \S+-servers-\w+$/m.test(one) ? one.replaceAll(made, `$1${encoded("as made")}`) : one))
    .join("");
}

const made = /^( {2}\S+(?:\.crt|\.key|__PASSWORD|__ACCESS_KEY|__SECRET_KEY): )[A-Za-z0-9+/]{27,}=*$/gm;

function encoded(text: string): string {
  return Buffer.from(text).toString("base64");
}

function keep(name: string, texts: readonly string[]): void {
  const files = goldenFiles(name);
  const alike = new Set(texts).size === 1;
  const expected = alike
    ? [[files.common, texts[0]]]
    : kubeVersions.map((version, index) => [files.of(version), texts[index]]);
  if (update) {
    mkdirSync(path("golden"), { recursive: true });
    for (const file of [files.common, ...kubeVersions.map(files.of)]) rmSync(path(`golden/${file}`), { force: true });
    for (const [file, text] of expected) writeFileSync(path(`golden/${file}`), text as string);
  }
  for (const [file, text] of expected) {
    same(text as string, readFileSync(path(`golden/${file}`), "utf8"), `golden/${file}`);
  }
}

/** As assert.equal, of which the message would be pages long. */
function same(found: string, expected: string, what: string): void {
  if (found === expected) return;
  const [lines, others] = [found.split("\n"), expected.split("\n")];
  const at = lines.findIndex((line, index) => line !== others[index]);
  assert.fail(`${what}, from line ${at + 1} on: "${lines[at] ?? "nothing"}" in place of "${others[at] ?? "nothing"}"`);
}

function goldenFiles(name: string): { common: string; of: (version: KubeVersion) => string } {
  return { common: `${name}.yaml`, of: (version) => `${name}.at-${version}.yaml` };
}
