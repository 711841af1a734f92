import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { Scope } from "../../testing/scope.ts";
import { temporaryDirectory } from "../../testing/temporary-directory.ts";
import { path } from "./charts.ts";

const execute = promisify(execFile);
const folder = path("..");

test("restart_ramses_processing expands to what the page of Ramses says", async () => {
  assert.equal(
    await expansion("restart_ramses_processing"),
    [
      "helm upgrade --install ccat-raw cologne-staging-k8s \\",
      "  -f cologne-staging-k8s/values.yaml -n ccat",
      "kubectl rollout restart deployment/ccat-raw-data-managers -n ccat",
      "",
    ].join("\n"),
  );
});

test("every procedure expands to commands with the release's names, and the help has it", async () => {
  const makefile = await readFile(join(folder, "Makefile"), "utf8");
  const declared = /^\.PHONY: ([\s\S]*?[^\\])$/m.exec(makefile)![1]!.split(/[\s\\]+/);
  const help = await expansionOf(["help"], []);
  const worker = "deployment/ccat-raw-data-managers -n ccat";
  const expected: Record<string, RegExp> = {
    lint: /helm lint --strict cologne-staging-k8s .*\n.*helm lint --strict cologne-staging-k8s-local/,
    template: /^helm template ccat-raw cologne-staging-k8s -f \S+ -n ccat$/m,
    diff: /\| kubectl diff -n ccat -f -$/m,
    "dry-run": /^helm upgrade --install ccat-raw .* --dry-run$/m,
    status: /^helm status ccat-raw -n ccat$/m,
    logs: new RegExp(`^kubectl logs ${worker} -f$`, "m"),
    doctor: /-- ccat_data_transfer doctor --location ramses_processing$/m,
    "list-queues": new RegExp(`^kubectl exec ${worker} -- ccat_data_transfer list-queues ramses_processing$`, "m"),
    "verify-mounts": new RegExp(`^kubectl exec ${worker} -- ls /etc/redis/certs$`, "m"),
    history: /^helm history ccat-raw -n ccat$/m,
    rollback: /^helm rollback ccat-raw {2}-n ccat$/m,
    "adopt-check": /scripts\/adopt-check\.sh/,
    "create-coscine-secret": /scripts\/create-coscine-secret\.sh/,
    "local-up": /kind create cluster --config kind-config\.yaml\nkind load docker-image \S+ --name local-dev/,
    "local-demo":
      /helm upgrade .* -f values-servers\.yaml .*\n.*rollout status[\s\S]*db sample cologne\/laptop\n.*stage request .* --wait\n/,
    "local-down": /helm uninstall scheduler-dummy .*\nkind delete cluster --name local-dev/,
    restart_ramses_processing: /rollout restart/,
    help: /awk/,
  };
  assert.deepEqual([...declared].sort(), Object.keys(expected).sort());
  for (const [target, pattern] of Object.entries(expected)) {
    assert.match(await expansion(target), pattern, target);
    assert.match(help, new RegExp(`^make ${target} +\\S`, "m"));
  }
  const other = await expansion("status", "RELEASE=ccat-raw-node", "NAMESPACE=elsewhere");
  assert.match(other, /kubectl rollout status deployment\/ccat-raw-node-data-managers -n elsewhere/);
  assert.match(await expansion("template", "VALUES=a.yaml b.yaml"), /values\.yaml -f a\.yaml -f b\.yaml -n ccat/);
  assert.match(await expansion("rollback", "REVISION=3"), /^helm rollback ccat-raw 3 -n ccat$/m);
});

test("the token for Coscine is given to kubectl by a pipe, and stands in no argument and no output", async (t) => {
  const { env, calls } = await recordingKubectl(t);
  const give = (token: string) => {
    const running = execute("make", ["create-coscine-secret"], { cwd: folder, env, encoding: "utf8" });
    running.child.stdin!.end(token);
    return running;
  };
  const token = "eyJ0b2tlbiI6IjEyMyJ9";
  for (const given of [token, `${token}\n`]) {
    const { stdout, stderr } = await give(given);
    assert.doesNotMatch(stdout + stderr, new RegExp(token));
    assert.match(stderr, /kubectl create secret generic coscine-api-token-secret --from-file=/);
    const [create, apply] = await calls();
    assert.equal(create?.input, token);
    assert.equal(
      create?.args,
      "create secret generic coscine-api-token-secret --from-file=CCAT_DATA_TRANSFER_COSCINE_API_TOKEN=/dev/stdin -n ccat --dry-run=client -o yaml",
    );
    assert.equal(apply?.args, "apply -n ccat -f -");
  }
  for (const [given, why] of [
    ["", /no token was given; nothing was changed/],
    ["two words", /is no token; nothing was changed/],
  ] as const) {
    await assert.rejects(give(given), (error: Error & { stderr: string }) => why.test(error.stderr));
    assert.deepEqual(await calls(), []);
  }
});

function expansion(target: string, ...variables: string[]): Promise<string> {
  return expansionOf(["--dry-run", target], variables);
}

async function expansionOf(words: readonly string[], variables: readonly string[]): Promise<string> {
  const { stdout } = await execute("make", ["--no-print-directory", ...words, ...variables], { cwd: folder });
  return stdout;
}

/** In the place of kubectl: notes its arguments, and what `create` reads. */
async function recordingKubectl(scope: Scope) {
  const home = await temporaryDirectory(scope);
  const script = [
    "#!/bin/sh",
    `echo "$@" > ${home}/$1.args`,
    `if [ "$1" = create ]; then cat /dev/stdin > ${home}/create.input; else cat > /dev/null; fi`,
  ];
  await writeFile(join(home, "kubectl"), `${script.join("\n")}\n`);
  await chmod(join(home, "kubectl"), 0o755);
  return {
    env: { ...process.env, PATH: `${home}:${process.env.PATH}` },
    /** What was called since it was last asked. */
    async calls() {
      const found: { args: string; input: string }[] = [];
      for (const name of ["create", "apply"]) {
        const args = await readFile(join(home, `${name}.args`), "utf8").catch(() => undefined);
        if (args === undefined) continue;
        const input = await readFile(join(home, `${name}.input`), "utf8").catch(() => "");
        found.push({ args: args.trim(), input });
        await execute("rm", [join(home, `${name}.args`)]);
      }
      return found;
    },
  };
}
