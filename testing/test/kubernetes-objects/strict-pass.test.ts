import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../kubernetes-objects/kubernetes-object.ts";
import { strictFaults } from "../../kubernetes-objects/strict-pass.ts";
import { aRelease, objectsOf, surroundings } from "./a-release.ts";

type Release = ReturnType<typeof aRelease>;

const pod = ({ deployment }: Release): Json => deployment.spec.template.spec;
const container = (release: Release): Json => pod(release).containers[0];
const labels = ({ deployment }: Release): Json => deployment.spec.template.metadata.labels;

/** What a release is spoiled by, and the one fault that shows it. */
const spoils: Record<string, [(release: Release) => void, RegExp]> = {
  "an object of the whole cluster": [
    (release) => Object.assign(release, { more: { apiVersion: "v1", kind: "Namespace", metadata: { name: "x" } } }),
    /^Namespace x is not of one namespace$/,
  ],
  "another namespace": [
    ({ claim }) => (claim.metadata.namespace = "monitor"),
    /mover-data is in monitor, not in ccat$/,
  ],
  "two objects of one name": [
    (release) => Object.assign(release, { more: structuredClone(release.secret) }),
    /^Secret mover is there twice$/,
  ],
  "a name with an underscore": [({ budget }) => (budget.metadata.name = "a_b"), /: a_b is no DNS name$/],
  "a name in capitals": [({ monitor }) => (monitor.metadata.name = "Mover"), /: Mover is no DNS name$/],
  "a name of 64 characters": [
    ({ deployment }) => (deployment.metadata.name = "a".repeat(64)),
    /longer than the 63 characters of a label$/,
  ],
  "a service whose name begins with a digit": [({ service }) => (service.metadata.name = "1st"), /1st is no name of a/],
  "a label with a space": [
    ({ claim }) => (claim.metadata.labels = { a: "b c" }),
    /metadata.labels: a cannot be "b c"$/,
  ],
  "a label that is a number": [(release) => (labels(release).a = 1), /template.metadata.labels: a cannot be 1$/],
  "a label's key with two slashes": [({ claim }) => (claim.metadata.labels = { "a/b/c": "" }), /: a\/b\/c is no key$/],
  "an annotation that is true": [
    ({ claim }) => (claim.metadata.annotations = { a: true }),
    /metadata.annotations: a is not a text but true$/,
  ],
  "annotations of 300 KiB": [
    ({ claim }) => (claim.metadata.annotations = { a: "b".repeat(300 << 10) }),
    /307201 bytes are too many$/,
  ],
  "a key of a Secret with a slash": [({ secret }) => (secret.stringData["a/b"] = ""), /the key a\/b is no file name$/],
  "a container's name with a capital": [(release) => (container(release).name = "coloneStaging"), /is no DNS label$/],
  "a volume's name with a dot": [
    (release) => {
      pod(release).volumes[0].name = "a.b";
      container(release).volumeMounts[0].name = "a.b";
    },
    /spec.volumes: a.b is no DNS label$/,
  ],
  "a variable with a space": [(release) => (container(release).env[0].name = "A B"), /A B is no name of a variable$/],
  "a port's name of 16 characters": [
    (release) => container(release).ports.push({ name: "a123456789012345", containerPort: 1 }),
    /a123456789012345 is no name of a port$/,
  ],
  "a mount without its volume": [(release) => pod(release).volumes.pop(), /mounts certs, which is no volume$/],
  "a volume without a mount": [
    (release) => container(release).volumeMounts.pop(),
    /the volume certs is mounted nowhere$/,
  ],
  "two volumes of one name": [
    (release) => pod(release).volumes.push({ name: "certs", emptyDir: {} }),
    /two volumes are called certs$/,
  ],
  "a volume of two sources": [(release) => (pod(release).volumes[1].emptyDir = {}), /certs has 2 sources$/],
  "a volume of no source": [(release) => delete pod(release).volumes[1].hostPath, /certs has 0 sources$/],
  "two mounts at one place": [
    (release) => container(release).volumeMounts.push({ name: "certs", mountPath: "/data/" }),
    /mounts twice at \/data\/$/,
  ],
  "a mount at a relative path": [
    (release) => (container(release).volumeMounts[0].mountPath = "data"),
    /mounts at data$/,
  ],
  "a folder of the host by subPath": [
    (release) => (container(release).volumeMounts[1].subPath = "ca.crt"),
    /mounts certs by subPath$/,
  ],
  "two containers of one name": [
    (release) => pod(release).containers.push({ name: "mover", image: "x" }),
    /two containers are called mover$/,
  ],
  "a variable set twice": [(release) => container(release).env.push({ name: "TOKEN", value: "" }), /sets TOKEN twice$/],
  "a variable from two places": [
    (release) => (container(release).env[0].value = "x"),
    /TOKEN a value from two places$/,
  ],
  "a port twice": [
    (release) => container(release).ports.push({ containerPort: 9464 }),
    /has the port 9464\/TCP twice$/,
  ],
  "a probe at a port that is not there": [
    (release) => (container(release).livenessProbe.httpGet.port = "http"),
    /livenessProbe asks at http, which is no port$/,
  ],
  "an address of a host that is none": [
    (release) => (pod(release).hostAliases[0].ip = "10.0.0"),
    /10.0.0 is no address$/,
  ],
  "a Deployment whose pods end": [(release) => (pod(release).restartPolicy = "Never"), /restartPolicy Never in a Depl/],
  "a Job whose pods do not end": [
    (release) =>
      Object.assign(release, {
        job: {
          ...{ apiVersion: "batch/v1", kind: "Job", metadata: { name: "job" } },
          spec: { template: { spec: { containers: [{ name: "a", image: "b" }] } } },
        },
      }),
    /^Job job: restartPolicy Always in a Job$/,
  ],
  "a request above its limit": [
    (release) => (container(release).resources.requests.memory = "2Gi"),
    /requests 2Gi of memory, more than its limit 1Gi$/,
  ],
  "a size in the wrong unit": [({ claim }) => (claim.spec.resources.requests.storage = "10GB"), /10GB is no quantity$/],
  "an emptyDir of a size that is none": [
    (release) => {
      pod(release).volumes.push({ name: "tmp", emptyDir: { sizeLimit: "1 Gi" } });
      container(release).volumeMounts.push({ name: "tmp", mountPath: "/tmp" });
    },
    /the volume tmp has the limit 1 Gi$/,
  ],
  "a selector that asks for more than the pods have": [
    ({ deployment }) => (deployment.spec.selector.matchLabels.more = "x"),
    /^Deployment mover does not select its own pods$/,
  ],
  "an empty selector": [
    ({ deployment }) => (deployment.spec.selector = {}),
    /^Deployment mover has an empty selector$/,
  ],
  "a spread that counts other pods": [
    (release) => (pod(release).topologySpreadConstraints[0].labelSelector.matchLabels = { a: "b" }),
    /topologySpreadConstraints does not count its own pods$/,
  ],
  "an affinity to pods that are not there": [
    (release) =>
      (pod(release).affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels = {
        a: "b",
      }),
    /podAffinity selects no pod$/,
  ],
  "a preferred distance from pods that are not there": [
    (release) =>
      (pod(release).affinity.podAntiAffinity = {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { topologyKey: "x", labelSelector: { matchLabels: { a: "b" } } } },
        ],
      }),
    /podAntiAffinity selects no pod$/,
  ],
  "a budget of no pod": [
    ({ budget }) => (budget.spec.selector.matchLabels.part = "manager"),
    /Budget mover selects no/,
  ],
  "a budget of every pod": [({ budget }) => (budget.spec.selector = {}), /Budget mover selects no pod$/],
  "a service of no pod": [({ service }) => (service.spec.selector.part = "manager"), /^Service mover selects no pod$/],
  "a service that leads to a port that is not there": [
    ({ service }) => (service.spec.ports[0].targetPort = "http"),
    /^Service mover leads to http, which is no port$/,
  ],
  "a monitor of no service": [
    ({ monitor }) => (monitor.spec.selector.matchLabels = { a: "b" }),
    /^ServiceMonitor mover selects no service$/,
  ],
  "a monitor that asks at a port that is not there": [
    ({ monitor }) => (monitor.spec.endpoints[0].port = "metrics"),
    /^ServiceMonitor mover asks at metrics, which is no port$/,
  ],
  "a policy for every pod": [
    (release) => Object.assign(release, { policy: policy({}) }),
    /^NetworkPolicy mover holds for every pod of the namespace$/,
  ],
  "a policy for no pod": [
    (release) => Object.assign(release, { policy: policy({ matchLabels: { a: "b" } }) }),
    /^NetworkPolicy mover selects no pod$/,
  ],
  "a pod monitor of no pod": [
    (release) => Object.assign(release, { more: object("PodMonitor", { selector: { matchLabels: { a: "b" } } }) }),
    /^PodMonitor mover selects no pod$/,
  ],
  "two workloads that take each other's pods": [
    (release) => {
      const other = structuredClone(release.deployment);
      other.metadata.name = "manager";
      other.spec.selector.matchLabels.part = "manager";
      other.spec.template.metadata.labels.part = "manager";
      Object.assign(release, { other });
    },
    /^Deployment mover selects the pods of Deployment manager, too$/,
  ],
  "a Secret that is not there": [
    (release) => (container(release).envFrom[0].secretRef.optional = false),
    /refers to Secret\/elsewhere, which is not there$/,
  ],
  "a ConfigMap that is not there": [
    (release) => container(release).envFrom.push({ configMapRef: { name: "settings" } }),
    /refers to ConfigMap\/settings, which is not there$/,
  ],
  "a key that its Secret lacks": [
    (release) => (container(release).env[0].valueFrom.secretKeyRef.key = "tokn"),
    /refers to tokn in Secret\/mover, which has no such key$/,
  ],
  "a claim that is not there": [
    (release) => (pod(release).volumes[0].persistentVolumeClaim.claimName = "data"),
    /refers to PersistentVolumeClaim\/data, which is not there$/,
  ],
  "a volume of a Secret that is not there": [
    (release) => (pod(release).volumes[1] = { name: "certs", secret: { secretName: "certs" } }),
    /refers to Secret\/certs, which is not there$/,
  ],
  "a projected ConfigMap without the file": [
    (release) => {
      const configMap = { name: "files", items: [{ key: "b", path: "b" }] };
      pod(release).volumes[1] = { name: "certs", projected: { sources: [{ configMap }] } };
      Object.assign(release, { files: { ...object("ConfigMap", undefined), data: { a: "" } } });
      (release as Json).files.metadata.name = "files";
    },
    /refers to b in ConfigMap\/files, which has no such key$/,
  ],
  "a pull secret that is not there": [
    (release) => (pod(release).imagePullSecrets[0].name = "pul"),
    /refers to Secret\/pul, which is not there$/,
  ],
  "a service account that is not there": [
    (release) => (pod(release).serviceAccountName = "mover"),
    /refers to ServiceAccount\/mover, which is not there$/,
  ],
  "a scaler of nothing": [
    (release) => Object.assign(release, { more: object("ScaledObject", { scaleTargetRef: { name: "movr" } }) }),
    /^ScaledObject mover refers to Deployment\/movr, which is not there$/,
  ],
  "a scaler without its credentials": [
    (release) => {
      const triggers = [{ type: "postgresql", authenticationRef: { name: "database" } }];
      Object.assign(release, { more: object("ScaledObject", { scaleTargetRef: { name: "mover" }, triggers }) });
    },
    /refers to TriggerAuthentication\/database, which is not there$/,
  ],
  "credentials from a key that is not there": [
    (release) => {
      const secretTargetRef = [{ parameter: "password", name: "mover", key: "password" }];
      Object.assign(release, { more: object("TriggerAuthentication", { secretTargetRef }) });
    },
    /refers to password in Secret\/mover, which has no such key$/,
  ],
};

test("a release in which nothing is wrong has no fault", () => {
  assert.deepEqual(strictFaults(objectsOf(aRelease()), surroundings), []);
});

for (const [what, [spoil, fault]] of Object.entries(spoils)) {
  test(`${what} is a fault, and is named`, () => {
    const release = aRelease();
    spoil(release);
    const faults = strictFaults(objectsOf(release), surroundings);
    assert.equal(
      faults.some((sentence) => fault.test(sentence)),
      true,
      `${fault} is not among ${JSON.stringify(faults, undefined, 2)}`,
    );
  });
}

function object(kind: string, spec: Json): Json {
  return { apiVersion: "v1", kind, metadata: { name: "mover" }, spec };
}

function policy(podSelector: Json): Json {
  return object("NetworkPolicy", { podSelector });
}
