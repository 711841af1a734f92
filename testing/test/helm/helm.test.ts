import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { helmVersions } from "../../helm/binaries.ts";
import { startHelm } from "../../helm/helm.ts";
import { readManifest } from "../../helm/manifest.ts";
import { temporaryDirectory } from "../../temporary-directory.ts";

for (const version of helmVersions) {
  test(`helm ${version} renders with values, release, namespace and version of Kubernetes, and without a cluster`, async (t) => {
    const helm = await startHelm(t, version);
    assert.match((await helm.run("version", "--short")).stdout, new RegExp(`^v${version.replace(".", "\\.")}\\.`));
    const chart = await aChart(await temporaryDirectory(t));
    const objects = await helm.render(chart, {
      values: { colour: "red" },
      set: ["size=3"],
      release: "one",
      namespace: "two",
      kubeVersion: "1.20.2",
      apiVersions: ["keda.sh/v1alpha1"],
    });
    assert.deepEqual(
      objects.map(({ metadata, data }) => ({ name: metadata.name, ...data })),
      [{ name: "one", namespace: "two", colour: "red", size: 3, kube: "v1.20.2", keda: true, upgrade: false }],
    );
    assert.equal((await helm.render(chart, { isUpgrade: true }))[0]?.data.upgrade, true);
    assert.match(await helm.refusal(chart, { values: { colour: "" } }), /a colour is needed/);
    await assert.rejects(helm.text(chart, { values: { colour: "" } }), /a colour is needed/);
    await assert.rejects(helm.refusal(chart, {}), /renders what it should refuse/);
  });
}

test("a manifest is read as Kubernetes reads it", () => {
  const [object] = readManifest(
    ["# first", "apiVersion: v1", "kind: ConfigMap", "metadata: {name: a}"]
      .join("\n")
      .concat("\ndata: {bare: yes, quoted: 'yes', mode: 0400, day: 2026-11-28}\n---\n# empty\n"),
  );
  assert.deepEqual(object?.data, { bare: true, quoted: "yes", mode: 256, day: "2026-11-28" });
  assert.throws(() => readManifest("apiVersion: v1\nkind: Pod\nkind: Job\nmetadata: {name: a}"), /duplicated/i);
  assert.throws(() => readManifest("apiVersion: v1\nkind: Pod\nmetadata: {}"), /without apiVersion, kind or name/);
});

async function aChart(folder: string): Promise<string> {
  await mkdir(join(folder, "templates"));
  await writeFile(join(folder, "Chart.yaml"), "apiVersion: v2\nname: a\nversion: 1.0.0\n");
  await writeFile(join(folder, "values.yaml"), "colour: green\nsize: 1\n");
  const template = `
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .Release.Name }}"}
    data:
      namespace: {{ .Release.Namespace }}
      colour: {{ required "a colour is needed" .Values.colour }}
      size: {{ .Values.size }}
      kube: {{ .Capabilities.KubeVersion.Version }}
      keda: {{ .Capabilities.APIVersions.Has "keda.sh/v1alpha1" }}
      upgrade: {{ .Release.IsUpgrade }}
  `;
  await writeFile(join(folder, "templates/map.yaml"), template.replaceAll(/^ {4}/gm, ""));
  return folder;
}
