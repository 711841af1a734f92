import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { npmSettings } from "../../../../testing/npm-settings.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { packedInto } from "./installed-package.ts";
import { readBlocks, readerIn, readerSteps } from "./walk.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

test("a reader who follows README.md to the letter, with the packed package in an empty folder, sees what it says", {
  skip: without("redis-server"),
}, async (t) => {
  const redis = await startRedis(t);
  const { folder } = await packedInto(t);
  const env = {
    PATH: [dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: process.env.HOME,
    // The document's Redis is at localhost:6379; the environment wins, as it says.
    CELERY_BROKER_URL: redis.url,
    CELERY_RESULT_BACKEND: redis.url,
    ...(await npmSettings()),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_prefer_offline: "true",
    npm_config_update_notifier: "false",
  };
  const blocks = readBlocks(await readFile(join(root, "packages/celery/README.md"), "utf8"));
  const withPython = without("python3-celery") === false;
  const told = blocks.filter(({ info }) => withPython || !info.includes("python"));
  const steps = readerSteps(told, readerIn(t, folder, env));
  assert.ok(steps.length > 20, "README.md has its examples");
  for (const { name, run } of steps) await t.test(name, run);

  await t.test(
    "its programs are right for a strict TypeScript compiler, with the types that are in the package",
    async () => {
      const programs = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
      const compilerOptions = {
        ...{ module: "nodenext", target: "esnext", lib: ["esnext"], strict: true, noEmit: true, types: ["node"] },
        ...{
          allowImportingTsExtensions: true,
          erasableSyntaxOnly: true,
          verbatimModuleSyntax: true,
          skipLibCheck: false,
        },
        exactOptionalPropertyTypes: true,
      };
      await symlink(join(root, "node_modules/@types"), join(folder, "node_modules/@types"));
      await symlink(join(root, "node_modules/undici-types"), join(folder, "node_modules/undici-types"));
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: programs }));
      const compiler = join(root, "node_modules/.bin/tsc");
      await promisify(execFile)(compiler, ["--project", folder]).catch((error: { stdout: string }) =>
        assert.fail(error.stdout),
      );
    },
  );
});

test("what is packed has no source, no test and nothing but what runs", async (t) => {
  const { folder, tarball } = await packedInto(t);
  const { stdout } = await promisify(execFile)("tar", ["-tzf", join(folder, tarball)]);
  const files = stdout
    .trim()
    .split("\n")
    .map((name) => name.replace(/^package\//, ""));
  const odd = files.filter(
    (name) => !/^(dist\/.*\.(js|d\.ts|lua)|bin\/celery-node\.js|docs\/.*\.md|package\.json|[A-Z]+(\.md)?)$/.test(name),
  );
  assert.deepEqual(odd, []);
  for (const wanted of [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/testing/index.js",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
  ])
    assert.ok(files.includes(wanted), wanted);
  assert.ok(files.some((name) => /^dist\/broker\/lua\/.*\.lua$/.test(name)));
  await promisify(execFile)("tar", ["-xzf", join(folder, tarball), "-C", folder]);
  const manifest = JSON.parse(await readFile(join(folder, "package/package.json"), "utf8")) as Record<string, unknown>;
  assert.equal(manifest.private, undefined);
  assert.equal(manifest.devDependencies, undefined);
  assert.deepEqual(manifest.engines, { node: ">=24" });
});
