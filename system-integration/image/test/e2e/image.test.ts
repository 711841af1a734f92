import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, suite, test } from "node:test";
import { buildImage, somebody, withoutContainers } from "./build-image.ts";
import { testNetcat } from "./netcat.ts";
import { testWorker } from "./worker.ts";

const options = { skip: withoutContainers("redis-server", "openssl", "postgresql-15") };
const image = options.skip ? undefined! : await buildImage({ after });
const sh = (script: string) => image.run(["-c", script], { options: ["--entrypoint", "sh"] });

suite("the image, run by a user whom nobody knows, on a file system that nobody can write", options, () => {
  test("it is small, says what it is, and asks for a user who is not root", async () => {
    const { Size, Config, Labels } = await image.inspect();
    assert.ok(Size > 50e6 && Size < 250e6, `${(Size / 1e6).toFixed(0)} MB`);
    assert.match(Config.User, /^[1-9]\d*:[1-9]\d*$/);
    assert.deepEqual(
      [Config.Entrypoint, Config.StopSignal, Config.Volumes],
      [["ccat_data_transfer"], "SIGTERM", undefined],
    );
    const { version } = JSON.parse(await readFile(new URL("../../../../package.json", import.meta.url), "utf8"));
    const label = (name: string) => Labels[`org.opencontainers.image.${name}`];
    assert.equal(label("version"), version);
    assert.match(label("revision"), /^[0-9a-f]{40}(-dirty)?$/);
    assert.match(label("created"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match(label("base.name"), /^localhost\/ccat-base:node-24\./);
    assert.equal(label("title"), "ccat_data_transfer");
    assert.equal(label("licenses"), "Apache-2.0");
  });

  test("the command answers, also without a home", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../../../package.json", import.meta.url), "utf8"));
    assert.deepEqual(await image.run(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
    const homeless = await image.run(["-u", "HOME", "ccat_data_transfer", "settings", "show"], {
      options: ["--entrypoint", "env"],
    });
    assert.equal(homeless.code, 0, homeless.stderr);
    assert.match(homeless.stdout, /^database\.host +localhost/m);
  });

  test("the user has no entry anywhere, and can write nowhere but to /tmp", async () => {
    const { code, stdout, stderr } = await sh(`
      id -u; id -g
      grep -c ":${somebody.uid}:" /etc/passwd
      for folder in / /app /app/node_modules /data /etc /usr/local/bin /var/tmp /run /tmp; do touch $folder/x && echo "wrote $folder"; done
      find / -xdev \\( -perm -4000 -o -perm -2000 \\) -type f`);
    assert.deepEqual([code, stdout], [0, `${somebody.uid}\n${somebody.gid}\n0\nwrote /tmp\n`], stderr);
  });

  test("npm packages are those of the list; npm itself and other installers are not there", async () => {
    const { stdout } = await sh("cd /app && find . -name package.json");
    const installed = stdout
      .split("\n")
      .flatMap((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(path)?.[1] ?? [])
      .concat("@ccatobs/celery", "@ccatobs/data-transfer");
    const listed = (await readFile(new URL("../../packages.txt", import.meta.url), "utf8")).trimEnd().split("\n");
    assert.deepEqual([...new Set(installed)].sort(), listed);

    const links = await sh("cd /app/node_modules/@ccatobs; for one in *; do readlink $one; done");
    assert.equal(links.stdout, "../../packages/celery\n../../packages/data-transfer\n");
    const unwanted = await sh(
      "for one in npm npx yarn corepack apt-get gcc; do command -v $one; done; ls -d /app/packages/*/test /etc/ccat",
    );
    assert.equal(unwanted.stdout, "");
  });

  test("the list of contents names every package, Node and Debian's, with its version", async () => {
    const outside = await readFile(image.sbom, "utf8");
    assert.equal((await sh("cat /app/sbom.cdx.json")).stdout, outside);
    const bom = JSON.parse(outside) as {
      bomFormat: string;
      components: { name: string; version: string; purl: string }[];
      metadata: { component: { name: string } };
    };
    assert.deepEqual([bom.bomFormat, bom.metadata.component.name], ["CycloneDX", "ccat_data_transfer"]);
    const of = (kind: string) => bom.components.filter(({ purl }) => purl.startsWith(`pkg:${kind}/`));
    const listed = (await readFile(new URL("../../packages.txt", import.meta.url), "utf8")).trimEnd().split("\n");
    assert.deepEqual([...new Set(of("npm").map(({ name }) => name))].sort(), listed);
    const node = (await sh("node --version")).stdout.trim();
    assert.deepEqual(
      of("generic").map(({ name, version }) => `${name} v${version}`),
      [`node ${node}`],
    );
    const debian = of("deb").map(({ name }) => name);
    assert.ok(
      ["libc6", "netcat-openbsd", "ca-certificates", "busybox-static"].every((name) => debian.includes(name)),
      `${debian}`,
    );
    assert.ok(bom.components.every(({ version }) => /^\d/.test(version)));
  });

  test("certificate authorities are Debian's", async () => {
    const { stdout } = await sh("grep -c BEGIN /etc/ssl/certs/ca-certificates.crt");
    assert.ok(Number(stdout) > 100, stdout);
  });
});

// One build serves them all.
suite("nc comes to a verdict within 5 s", options, () => testNetcat(image));
suite("a worker in the image", options, () => testWorker(image));
