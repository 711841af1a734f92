/**
 * What is in the image, as CycloneDX: npm's own list, Node, and the Debian packages of the base. Runs while the image is
 * built: `node write-sbom.ts NPM_LIST DPKG_STATUS`, with VERSION, REVISION, CREATED and BASE in the environment.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

interface Component {
  "bom-ref": string;
  type: string;
  name: string;
  version: string;
  purl: string;
  [more: string]: unknown;
}

interface Bom {
  serialNumber: string;
  metadata: { component: Component; lifecycles: object[]; timestamp: string };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const [npmList = "", dpkgStatus = ""] = process.argv.slice(2);
const { VERSION: version = "", REVISION: revision = "", CREATED: created = "", BASE: base = "" } = process.env;

const bom = JSON.parse(readFileSync(npmList, "utf8")) as Bom;
const { metadata } = bom;
const machine = [nodeItself(), ...debianPackages(readFileSync(dpkgStatus, "utf8"))];
const name = "ccat_data_transfer";

bom.dependencies
  .find(({ ref }) => ref === metadata.component["bom-ref"])
  ?.dependsOn.push(...machine.map((component) => component["bom-ref"]));
bom.components.push(...machine);
// npm calls what is linked, and the application, after their folders.
for (const component of bom.components) {
  if (component.purl.startsWith("pkg:npm/")) component.name = component["bom-ref"].replace(/@[^@]+$/, "");
}
metadata.component = {
  ...metadata.component,
  ...{ type: "application", name, version, purl: `pkg:npm/${name}@${version}` },
  properties: [
    { name: "org.opencontainers.image.revision", value: revision },
    { name: "org.opencontainers.image.base.name", value: base },
  ],
};
metadata.lifecycles = [{ phase: "build" }];
metadata.timestamp = created;
// The same contents have the same number, whenever and wherever they were put together.
bom.serialNumber = `urn:uuid:${uuid(JSON.stringify([version, revision, base, bom.components]))}`;
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`);

function nodeItself(): Component {
  const { node } = process.versions;
  const content = createHash("sha256").update(readFileSync(process.execPath)).digest("hex");
  return {
    ...{ "bom-ref": `node@${node}`, type: "application", name: "node", version: node },
    ...{ purl: `pkg:generic/node@${node}`, cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*` },
    hashes: [{ alg: "SHA-256", content }],
  };
}

function debianPackages(status: string): Component[] {
  return status
    .split(/\n\n+/)
    .map((paragraph) => new Map(paragraph.split("\n").flatMap(field)))
    .filter((fields) => fields.get("Status")?.endsWith(" installed"))
    .map((fields) => {
      const [name = "", version = "", architecture = ""] = ["Package", "Version", "Architecture"].map((key) =>
        fields.get(key),
      );
      const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
      return { "bom-ref": purl, type: "library", name, version, purl };
    });
}

function field(line: string): [string, string][] {
  const [, key, value] = /^([\w-]+): (.*)$/.exec(line) ?? [];
  return key === undefined || value === undefined ? [] : [[key, value]];
}

function uuid(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
