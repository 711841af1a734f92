import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { freePort } from "./free-port.ts";
import { requireProgram, without } from "./require-server.ts";
import type { Scope } from "./scope.ts";

const run = promisify(execFile);

export interface TestCeph {
  /** http://127.0.0.1:PORT */
  readonly endpoint: string;
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly accessKeyId: "AK";
  readonly secretAccessKey: "SK";
  /** Ceph takes any; this is what its signatures are made for here. */
  readonly region: "default";
  /** Path-style, signed. */
  readonly client: S3Client;
  /** Answers its name. */
  createBucket(name: string): Promise<string>;
}

/**
 * For a test's `skip` option: false where a Ceph can be started, else why not.
 *
 * @throws {Error} with `CI=true`, where nothing may be skipped
 */
export function withoutCeph(): false | string {
  if (process.env.E2E_LAB) return without("radosgw");
  const reason = "needs E2E_LAB, a folder with ceph-rgw.sh (CONTRIBUTING.md)";
  if (process.env.CI === "true") throw new Error(`with CI=true no test is skipped: ${reason}`);
  return reason;
}

/**
 * A one-node Ceph with an S3 gateway on loopback, made by `$E2E_LAB/ceph-rgw.sh DIRECTORY PORT`, gone when `scope` ends.
 * Its monitor has fixed ports, so that there is one at a time on a machine: the next one waits, ten minutes at most.
 */
export async function startCeph(scope: Scope): Promise<TestCeph> {
  requireProgram("radosgw");
  const lab = process.env.E2E_LAB;
  if (!lab) throw new Error("needs E2E_LAB, a folder with ceph-rgw.sh (CONTRIBUTING.md)");
  const directory = await mkdtemp(join(tmpdir(), "test-ceph-"));
  const port = await freePort();

  scope.after(await startUndertaker(directory));
  await run(join(lab, "ceph-rgw.sh"), [directory, String(port)], { cwd: "/", timeout: 180_000 });

  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    region: "default",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    credentials: { accessKeyId: "AK", secretAccessKey: "SK" },
  });
  scope.after(() => client.destroy());

  return {
    ...{ endpoint, host: "127.0.0.1", port, accessKeyId: "AK", secretAccessKey: "SK", region: "default", client },
    async createBucket(name) {
      await client.send(new CreateBucketCommand({ Bucket: name }));
      return name;
    },
  };
}

/**
 * Ceph's servers leave the process that starts them. A shell of ours therefore holds the machine's one place for a Ceph,
 * waits for this process to end in whatever way, or for a SIGTERM from it, and then ends the servers by their ids.
 */
async function startUndertaker(directory: string): Promise<() => Promise<void>> {
  const work = `
    trap : TERM
    tail -f /dev/null --pid="$PARENT" -s 0.2 & waits=$!
    echo ready
    wait $waits
    kill $waits 2>/dev/null
    for pid in $(cat "$DIRECTORY"/out/*.pid); do kill -KILL "$pid"; tail -f /dev/null --pid="$pid" -s 0.1; done
    rm -rf "$DIRECTORY"`;
  const lock = ["--no-fork", "--wait", "600", join(tmpdir(), "test-ceph.lock")];
  const undertaker = spawn("flock", [...lock, "sh", "-c", work], {
    cwd: "/",
    // A group of its own: Ctrl-C ends the tests, not who cleans up behind them.
    detached: true,
    env: { PATH: process.env.PATH, PARENT: String(process.pid), DIRECTORY: directory },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(undertaker, "exit");
  await Promise.race([
    once(undertaker.stdout, "data"),
    ended.then(() => Promise.reject(new Error("another Ceph held this machine's one place for ten minutes"))),
  ]);
  return async () => {
    undertaker.kill("SIGTERM");
    await ended;
  };
}
