import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What tests may need besides Node, and the way to get it. */
const needs = {
  "redis-server": { found: () => findProgram("redis-server"), install: "apt-get install redis-server" },
  "postgresql-15": {
    found: () => findProgram("postgres", [debianPostgres15]),
    install: "apt-get install postgresql-15",
  },
  openssl: { found: () => findProgram("openssl"), install: "apt-get install openssl" },
  xxhsum: { found: () => findProgram("xxhsum"), install: "apt-get install xxhash" },
  bsdtar: { found: () => findProgram("bsdtar"), install: "apt-get install libarchive-tools" },
  nginx: { found: () => findProgram("nginx"), install: "apt-get install nginx" },
  rclone: { found: () => findProgram("rclone"), install: "apt-get install rclone" },
  time: { found: () => findProgram("time"), install: "apt-get install time" },
  strace: { found: () => findProgram("strace"), install: "apt-get install strace" },
  buildah: { found: () => findProgram("buildah"), install: "apt-get install buildah busybox-static netcat-openbsd" },
  podman: { found: () => findProgram("podman"), install: "apt-get install podman" },
  runc: { found: () => findProgram("runc"), install: "apt-get install runc" },
  "python3-msgpack": {
    found: () => existingFile("/usr/lib/python3/dist-packages/msgpack/__init__.py"),
    install: "apt-get install python3-msgpack",
  },
  "python3-yaml": {
    found: () => existingFile("/usr/lib/python3/dist-packages/yaml/__init__.py"),
    install: "apt-get install python3-yaml",
  },
  "python3-zstandard": {
    found: () => existingFile("/usr/lib/python3/dist-packages/zstandard/__init__.py"),
    install: "apt-get install python3-zstandard",
  },
  "python3-brotli": {
    found: () => existingFile("/usr/lib/python3/dist-packages/brotli.py"),
    install: "apt-get install python3-brotli",
  },
  "python3-celery": {
    found: () => existingFile("/usr/lib/python3/dist-packages/celery/__init__.py"),
    install: "apt-get install python3-celery python3-redis",
  },
  radosgw: { found: () => findProgram("radosgw"), install: "apt-get install ceph radosgw" },
} as const;

export type Need = keyof typeof needs;

export const debianPostgres15 = "/usr/lib/postgresql/15/bin";

/**
 * For a test's `skip` option: `test("...", { skip: without("redis-server") }, ...)`. False when everything is there, else
 * the reason with the command that helps.
 *
 * @throws {Error} with `CI=true`, where nothing may be skipped
 */
export function without(...wanted: Need[]): false | string {
  const missing = wanted.filter((need) => needs[need].found() === undefined);
  if (missing.length === 0) return false;
  const reason = missing.map(sentence).join("; ");
  if (process.env.CI === "true") throw new Error(`with CI=true no test is skipped: ${reason}`);
  return reason;
}

/** The path of something a server is about to be started with. @throws {Error} that says how to install it */
export function requireProgram(need: Need): string {
  const path = needs[need].found();
  if (path === undefined) throw new Error(sentence(need));
  return path;
}

function sentence(need: Need): string {
  return `needs ${need}: ${needs[need].install}`;
}

function findProgram(name: string, before: readonly string[] = []): string | undefined {
  const folders = [...before, ...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function existingFile(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
