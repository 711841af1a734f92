import type { Json, KubernetesObject } from "../../kubernetes-objects/kubernetes-object.ts";

/** A small release in which nothing is wrong, made anew at each call so that a test may spoil it. */
export function aRelease(): Record<"deployment" | "claim" | "secret" | "service" | "monitor" | "budget", Json> {
  const labels = { "app.kubernetes.io/name": "mover", "app.kubernetes.io/instance": "one" };
  return {
    deployment: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "mover", namespace: "ccat", labels: { ...labels } },
      spec: {
        replicas: 1,
        selector: { matchLabels: { ...labels } },
        template: {
          metadata: { labels: { ...labels, part: "worker" }, annotations: { "checksum/config": "abc" } },
          spec: {
            hostAliases: [{ ip: "10.0.0.1", hostnames: ["redis"] }],
            imagePullSecrets: [{ name: "pull" }],
            affinity: {
              podAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { ...labels } } },
                ],
              },
            },
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: { ...labels } },
              },
            ],
            containers: [
              {
                name: "mover",
                image: "mover:1",
                env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "mover", key: "token" } } }],
                envFrom: [{ secretRef: { name: "elsewhere", optional: true } }],
                ports: [{ name: "health", containerPort: 9464 }],
                livenessProbe: { httpGet: { path: "/livez", port: "health" } },
                resources: { requests: { memory: "512Mi", cpu: "500m" }, limits: { memory: "1Gi", cpu: 2 } },
                volumeMounts: [
                  { name: "data", mountPath: "/data" },
                  { name: "certs", mountPath: "/etc/redis/certs", readOnly: true },
                ],
              },
            ],
            volumes: [
              { name: "data", persistentVolumeClaim: { claimName: "mover-data" } },
              { name: "certs", hostPath: { path: "/certs", type: "Directory" } },
            ],
          },
        },
      },
    },
    claim: {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "mover-data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
    },
    secret: { apiVersion: "v1", kind: "Secret", metadata: { name: "mover" }, stringData: { token: "t" } },
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "mover", labels: { ...labels } },
      spec: { selector: { ...labels }, ports: [{ name: "health", port: 9464, targetPort: "health" }] },
    },
    monitor: {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: { name: "mover" },
      spec: { selector: { matchLabels: { ...labels } }, endpoints: [{ port: "health" }] },
    },
    budget: {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "mover" },
      spec: { minAvailable: 1, selector: { matchLabels: { ...labels } } },
    },
  };
}

/** What is there before the release. */
export const surroundings = { namespace: "ccat", existing: ["Secret/pull"] };

export function objectsOf(release: object): KubernetesObject[] {
  return Object.values(release) as KubernetesObject[];
}
