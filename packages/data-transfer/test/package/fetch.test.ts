import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder } from "../cli/program.ts";
import { startObjectServer } from "./object-server.ts";
import { aPackageWorld, expectRefused, run, start } from "./world.ts";

const keys = { AWS_ACCESS_KEY_ID: "the key", AWS_SECRET_ACCESS_KEY: "the secret of the archive" };

test("a package is fetched from a web server, and again is already there", async (t) => {
  const { bytes, dest, manifest, files, parent } = await aPackageWorld(t);
  const server = await startObjectServer(t, bytes);
  const url = `${server.origin}/raw/package.tar?token=1`;
  const fetched = await run(t, ["package", "fetch", url, dest, "--manifest", manifest, "--output", "json"]);
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.equal((JSON.parse(fetched.stdout) as { state: string }).state, "fetched");
  for (const [path, content] of Object.entries(files)) assert.ok(content.equals(await readFile(join(dest, path))));
  assert.deepEqual(await readdir(parent), ["dest"]);
  assert.equal(server.sent, bytes.length);
  const again = await run(t, ["package", "fetch", url, dest, "--manifest", manifest]);
  assert.match(again.stdout, /already there, and intact/);
  assert.equal(server.sent, bytes.length, "with a manifest that says it all nothing is read again");
  assert.match((await run(t, ["package", "fetch", url, dest])).stdout, /already there, and intact/);
});

test("from an S3 archive, with keys from the environment or the settings, and never from the command line", async (t) => {
  const { bytes, dest } = await aPackageWorld(t);
  const server = await startObjectServer(t, bytes);
  const command = ["package", "fetch", "s3://raw/chai/package.tar", dest, "--endpoint", server.origin, "--verbose"];
  const fetched = await run(t, [...command, "--region", "eu-west-9"], { env: keys });
  assert.equal(fetched.code, 0, fetched.stderr);
  const { path, authorization } = server.requests[0]!;
  assert.equal(path, "/raw/chai/package.tar");
  assert.match(authorization ?? "", /^AWS4-HMAC-SHA256 Credential=the key\/\d+\/eu-west-9\/s3\//);
  assert.doesNotMatch(fetched.stderr + fetched.stdout, /the secret of the archive/);

  const cwd = emptyFolder(t);
  await writeFile(
    join(cwd, ".secrets.toml"),
    '[default.s3.cologne_lta]\naccess_key = "other"\nsecret_key = "unseen"\nregion = "default"\n',
  );
  for (const [options, env, used] of [
    [[], {}, /Credential=other\/\d+\/default\//],
    [["--keys", "cologne_lta"], keys, /Credential=other\/\d+\/default\//],
    [[], keys, /Credential=the key\/\d+\/us-east-1\//],
  ] as const) {
    const again = await run(t, [...command, ...options], { env, cwd });
    assert.equal(again.code, 0, again.stderr);
    assert.match(server.requests.at(-1)!.authorization ?? "", used);
  }
});

test("it is read in parts of about the size, and so many at once, as is asked for", async (t) => {
  const { bytes, dest, parent } = await aPackageWorld(t, { large: randomBytes(50 * 1024 * 1024) });
  const server = await startObjectServer(t, bytes);
  const command = ["package", "fetch", `${server.origin}/p.tar`, dest];
  const ranges = () => server.requests.filter(({ method }) => method === "GET").map(({ range }) => range);
  for (const [options, parts] of [
    [["--part-size", "8MiB", "--concurrency", "3"], { least: 8, most: 12 }],
    [["--part-size", "20 MiB", "--concurrency", "2"], { least: 8, most: 30 }],
    [["--concurrency", "1"], { least: 50, most: 51 }],
  ] as const) {
    const { least, most } = parts;
    server.requests.length = 0;
    const fetched = await run(t, [...command, ...options]);
    assert.equal(fetched.code, 0, fetched.stderr);
    // The first one asks only what there is; what is left at the end may make the last part longer.
    const sizes = ranges()
      .map((range) => /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? ["", "0", String(bytes.length - 1)])
      .map(([, from, to]) => (Number(to) + 1 - Number(from)) / 2 ** 20)
      .filter((size) => size > 1);
    assert.ok(sizes.length >= Math.floor(50 / (1.5 * most)), sizes.join());
    for (const size of sizes.slice(0, -1)) assert.ok(least <= size && size <= most, sizes.join());
    await rm(dest, { recursive: true });
  }
  for (const [option, value] of [
    ["--part-size", "8MB"],
    ["--part-size", "x"],
    ["--concurrency", "0"],
    ["--concurrency", "1.5"],
    ["--limit-rate", "fast"],
  ] as const) {
    const refused = await run(t, [...command, option, value]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, new RegExp(`command line ${option}[^]*\\[CDT-SETTINGS\\]`));
  }
  assert.deepEqual(await readdir(parent), []);
});

test("it comes no faster than is asked for", async (t) => {
  const { bytes, dest } = await aPackageWorld(t);
  const server = await startObjectServer(t, bytes);
  const began = performance.now();
  const fetched = await run(t, ["package", "fetch", `${server.origin}/p.tar`, dest, "--limit-rate", "4 MB"]);
  assert.equal(fetched.code, 0, fetched.stderr);
  const least = (bytes.length / 4e6) * 1000;
  assert.ok(performance.now() - began > 0.9 * least, `${performance.now() - began} ms for ${bytes.length} bytes`);
});

test("what the network breaks is read on from where it broke", async (t) => {
  const { bytes, dest } = await aPackageWorld(t);
  const server = await startObjectServer(t, bytes);
  server.faults = [503, "cut", 500, "cut"];
  const fetched = await run(t, ["package", "fetch", `${server.origin}/p.tar`, dest]);
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.ok(server.sent < bytes.length + 1024 * 1024, `${server.sent}`);
});

test("a package that is refused leaves nothing, whether its size, its bytes or its tar are wrong", async (t) => {
  const { bytes, dest, parent, manifest } = await aPackageWorld(t);
  const server = await startObjectServer(t, bytes);
  const url = `${server.origin}/p.tar`;
  const flipped = Buffer.from(bytes);
  flipped[bytes.length >> 1]! ^= 1;
  const cases: [Buffer, code: string][] = [
    [flipped, "CDT-CHECKSUM"],
    [bytes.subarray(0, -512), "CDT-PACKAGE-TOO-SHORT"],
    [Buffer.concat([bytes, Buffer.alloc(512)]), "CDT-PACKAGE-TOO-LONG"],
  ];
  for (const [served, code] of cases) {
    server.bytes = served;
    await expectRefused(await run(t, ["package", "fetch", url, dest, "--manifest", manifest]), code, parent);
  }
  server.bytes = Buffer.from("<html>not a package</html>");
  await expectRefused(await run(t, ["package", "fetch", url, dest]), "CDT-TAR-DAMAGED", parent);
});

test("what is not there, forbidden or not reachable ends with 2", async (t) => {
  const { bytes, dest, parent } = await aPackageWorld(t);
  const server = await startObjectServer(t, bytes);
  const env = { CCAT_DATA_TRANSFER_STORAGE__RETRIES: "0" };
  for (const [status, code] of [
    [404, "CDT-OBJECT-MISSING"],
    [403, "CDT-SOURCE-FORBIDDEN"],
    [418, "CDT-SOURCE-MISCONFIGURED"],
    [503, "CDT-SOURCE-UNREACHABLE"],
  ] as const) {
    server.faults = [status];
    const outcome = await run(t, ["package", "fetch", `${server.origin}/p.tar`, dest, "--no-resume"], { env });
    assert.equal(outcome.code, 2, outcome.stderr);
    assert.match(outcome.stderr, new RegExp(`\\[${code}\\]`));
    assert.deepEqual(await readdir(parent), []);
  }
});

test("Ctrl-C with --no-resume leaves nothing", async (t) => {
  const { bytes, dest, parent } = await aPackageWorld(t);
  const server = await startObjectServer(t, bytes);
  server.openTo(4 * 1024 * 1024);
  const fetching = start(t, ["package", "fetch", `${server.origin}/p.tar`, dest, "--no-resume"]);
  await server.reached();
  assert.equal((await readdir(parent)).length, 1);
  fetching.kill("SIGINT");
  const { code, stderr } = await fetching.ended;
  assert.equal(code, 2, stderr);
  assert.match(stderr, /interrupted by SIGINT \[CDT-INTERRUPTED\]/);
  assert.deepEqual(await readdir(parent), []);
});
