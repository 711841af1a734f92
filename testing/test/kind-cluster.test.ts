import assert from "node:assert/strict";
import { test } from "node:test";
import { kindClusterFaults } from "../kind-cluster.ts";

const good = `
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: local-dev
nodes:
  - role: control-plane
    extraMounts:
      - { hostPath: ./ramses, containerPath: /projects/ccat, readOnly: true }
    extraPortMappings:
      - { containerPort: 30000, hostPort: 30000, listenAddress: 127.0.0.1 }
`;

test("a configuration that kind takes has no fault", () => {
  assert.deepEqual(kindClusterFaults(good), []);
});

for (const [what, from, to, fault] of [
  ["another version", "v1alpha4", "v1alpha3", "/apiVersion must be equal to constant kind.x-k8s.io/v1alpha4"],
  ["another kind", "kind: Cluster", "kind: Config", "/kind must be equal to constant Cluster"],
  ["a name that kind refuses", "local-dev", "local_dev", '/name must match pattern "^[a-z0-9.-]+$" ^[a-z0-9.-]+$'],
  ["a typo", "extraMounts", "extraMount", "/nodes/0 must NOT have additional properties extraMount"],
  [
    "a mount without a place",
    "containerPath",
    "path",
    "/nodes/0/extraMounts/0 must NOT have additional properties path",
  ],
  ["a text for a truth value", "true", "'true'", "/nodes/0/extraMounts/0/readOnly must be boolean boolean"],
  ["no control plane", "control-plane", "worker", "/nodes has no control-plane"],
] as const) {
  test(`${what} is a fault, and is named`, () => {
    assert.ok(good.includes(from));
    const faults = kindClusterFaults(good.replace(from, to));
    assert.ok(faults.includes(fault), `${fault} is not among ${JSON.stringify(faults)}`);
  });
}
