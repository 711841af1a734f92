/**
 * Packs `packages/celery` for npm: `node scripts/pack-celery.ts [FOLDER]` (by default dist/). In the checkout the package runs
 * as TypeScript; Node does not do that below node_modules, so that what is published is .js and .d.ts.
 */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { root, say } from "./report.ts";

const home = join(root, "packages/celery");

const folder = resolve(process.argv[2] ?? join(root, "dist"));
const stage = mkdtempSync(join(tmpdir(), "pack-celery-"));
try {
  compile();
  copy();
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(publishedManifest(), undefined, 2)}\n`);
  mkdirSync(folder, { recursive: true });
  const answer = run("npm", ["pack", "--json", "--pack-destination", folder], stage);
  const [{ filename, entryCount, size }] = JSON.parse(answer) as [
    { filename: string; entryCount: number; size: number },
  ];
  say(`${join(folder, filename)}: ${entryCount} files, ${Math.ceil(size / 1024)} KiB`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

function compile(): void {
  run("tsc", ["--project", join(home, "tsconfig.pack.json"), "--outDir", join(stage, "dist")], root);
  // tsc moves what it compiles and nothing else: the Lua scripts lie beside the modules that load them.
  for (const script of globSync("**/*.lua", { cwd: join(home, "src") }))
    cpSync(join(home, "src", script), join(stage, "dist", script));
}

function copy(): void {
  for (const name of ["README.md", "CHANGELOG.md", "bin", "docs"])
    cpSync(join(home, name), join(stage, name), { recursive: true, filter: (path) => !path.endsWith(".ts") });
  cpSync(join(root, "LICENSE"), join(stage, "LICENSE"));
}

/** package.json as npm shall have it: `./src/x.ts` becomes `./dist/x.js`, and what is only for us is gone. */
function publishedManifest(): Record<string, unknown> {
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as Manifest;
  const { private: _, imports, exports, ...rest } = manifest;
  return {
    ...rest,
    main: built(exports["."]!),
    types: declared(exports["."]!),
    imports: mapValues(imports, built),
    exports: mapValues(exports, (path) => ({ types: declared(path), default: built(path) })),
    files: ["dist", "bin", "docs", "CHANGELOG.md"],
  };
}

interface Manifest {
  private: boolean;
  imports: Record<string, string>;
  exports: Record<string, string>;
}

function built(path: string): string {
  return path.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, ".js");
}

function declared(path: string): string {
  return built(path).replace(/\.js$/, ".d.ts");
}

function mapValues<T>(record: Record<string, string>, change: (value: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function run(program: string, args: string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
