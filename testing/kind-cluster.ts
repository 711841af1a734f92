import { Ajv } from "ajv";
import { CORE_SCHEMA, load } from "js-yaml";

/**
 * What `kind create cluster --config` would refuse in a file: kind's v1alpha4 (pkg/apis/config/v1alpha4/types.go), read
 * strictly as kind does, with its own checks of names, ports and roles. A sentence each.
 */
export function kindClusterFaults(text: string): string[] {
  const cluster = load(text, { schema: CORE_SCHEMA }) as { nodes?: { role?: string }[] };
  if (!validate(cluster)) {
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      [instancePath || "/", message, Object.values(params).join(" ")].join(" "),
    );
  }
  const nodes = cluster.nodes ?? [{}];
  return nodes.some(({ role }) => role === undefined || role === "control-plane")
    ? []
    : ["/nodes has no control-plane"];
}

const text = { type: "string" };
const texts = { type: "array", items: text };
const port = { type: "integer", minimum: -1, maximum: 65535 };

const patches = {
  type: "array",
  items: closed({ group: text, version: text, kind: text, patch: text }, ["group", "version", "kind", "patch"]),
};

const mount = closed(
  {
    containerPath: { type: "string", pattern: "^/" },
    hostPath: { type: "string", minLength: 1 },
    readOnly: { type: "boolean" },
    selinuxRelabel: { type: "boolean" },
    propagation: { enum: ["None", "HostToContainer", "Bidirectional"] },
  },
  ["containerPath", "hostPath"],
);

const portMapping = closed(
  { containerPort: port, hostPort: port, listenAddress: text, protocol: { enum: ["TCP", "UDP", "SCTP"] } },
  ["containerPort"],
);

const node = closed({
  role: { enum: ["control-plane", "worker"] },
  image: { type: "string", minLength: 1 },
  labels: { type: "object", additionalProperties: text },
  extraMounts: { type: "array", items: mount },
  extraPortMappings: { type: "array", items: portMapping },
  kubeadmConfigPatches: texts,
  kubeadmConfigPatchesJSON6902: patches,
});

const networking = closed({
  ipFamily: { enum: ["ipv4", "ipv6", "dual"] },
  apiServerPort: port,
  apiServerAddress: text,
  podSubnet: text,
  serviceSubnet: text,
  disableDefaultCNI: { type: "boolean" },
  kubeProxyMode: { enum: ["iptables", "ipvs", "nftables", "none"] },
  dnsSearch: texts,
});

const validate = new Ajv({ allErrors: true }).compile(
  closed(
    {
      kind: { const: "Cluster" },
      apiVersion: { const: "kind.x-k8s.io/v1alpha4" },
      name: { type: "string", pattern: "^[a-z0-9.-]+$" },
      nodes: { type: "array", items: node, minItems: 1 },
      networking,
      featureGates: { type: "object", additionalProperties: { type: "boolean" } },
      runtimeConfig: { type: "object", additionalProperties: text },
      kubeadmConfigPatches: texts,
      kubeadmConfigPatchesJSON6902: patches,
      containerdConfigPatches: texts,
      containerdConfigPatchesJSON6902: texts,
    },
    ["kind", "apiVersion"],
  ),
);

function closed(properties: object, required: readonly string[] = []): object {
  return { type: "object", additionalProperties: false, properties, required };
}
