import { isIP } from "node:net";
import { posix } from "node:path";
import {
  type Container,
  containersOf,
  type Json,
  type KubernetesObject,
  type PodTemplate,
  podTemplates,
  title,
} from "./kubernetes-object.ts";

/** What is wrong inside pods: mounts and volumes, variables set twice, ports that probes name, restart policies. */
export function podFaults(objects: readonly KubernetesObject[]): string[] {
  return podTemplates(objects).flatMap((template) => {
    const containers = containersOf(template);
    const faults = [
      ...volumeFaults(template, containers),
      ...restartFaults(template),
      ...doubles(containers.map(({ spec }) => spec.name)).map((name) => `two containers are called ${name}`),
      ...containers.flatMap(variableFaults),
      ...containers.flatMap((container) => portFaults(container)),
      ...((template.spec.hostAliases ?? []) as Json[])
        .filter(({ ip }) => isIP(ip) === 0)
        .map(({ ip }) => `hostAliases: ${ip} is no address`),
    ];
    return faults.map((fault) => `${title(template.owner)}: ${fault}`);
  });
}

function volumeFaults({ spec, path }: PodTemplate, containers: readonly Container[]): string[] {
  const volumes = (spec.volumes ?? []) as Json[];
  const claimed = ((spec.volumeClaimTemplates ?? []) as Json[]).map(({ metadata }) => metadata.name);
  const there = new Set<string>([...volumes.map(({ name }) => name), ...claimed]);
  const faults = doubles(volumes.map(({ name }) => name)).map((name) => `two volumes are called ${name}`);
  for (const { name, ...source } of volumes) {
    const sources = Object.keys(source).length;
    if (sources !== 1) faults.push(`${path}.spec.volumes: ${name} has ${sources} sources`);
  }
  const mounted = new Set<string>();
  for (const container of containers) {
    const mounts = (container.spec.volumeMounts ?? []) as Json[];
    for (const mount of mounts) {
      mounted.add(mount.name);
      if (!there.has(mount.name)) faults.push(`${container.path} mounts ${mount.name}, which is no volume`);
      if (!posix.isAbsolute(mount.mountPath)) faults.push(`${container.path} mounts at ${mount.mountPath}`);
      const volume = volumes.find(({ name }) => name === mount.name);
      // What is mounted so does not follow when the files of the host are put in place anew.
      if (volume?.hostPath && mount.subPath) faults.push(`${container.path} mounts ${mount.name} by subPath`);
    }
    const places = mounts.map(({ mountPath }) => posix.normalize(`${mountPath}/`));
    for (const place of doubles(places)) faults.push(`${container.path} mounts twice at ${place}`);
  }
  for (const name of there) if (!mounted.has(name)) faults.push(`the volume ${name} is mounted nowhere`);
  return faults;
}

function restartFaults({ owner, spec }: PodTemplate): string[] {
  const policy = spec.restartPolicy ?? "Always";
  if (owner.kind === "Deployment" && policy !== "Always") return [`restartPolicy ${policy} in a Deployment`];
  const ends = owner.kind === "Job" || owner.kind === "CronJob";
  return ends && policy === "Always" ? [`restartPolicy Always in a ${owner.kind}`] : [];
}

function variableFaults({ path, spec }: Container): string[] {
  const variables = (spec.env ?? []) as Json[];
  const faults = doubles(variables.map(({ name }) => name)).map((name) => `${path} sets ${name} twice`);
  for (const { name, value, valueFrom } of variables) {
    if (value !== undefined && valueFrom !== undefined) faults.push(`${path} gives ${name} a value from two places`);
  }
  return faults;
}

function portFaults({ path, spec }: Container): string[] {
  const ports = (spec.ports ?? []) as Json[];
  const named = new Set(ports.map(({ name }) => name));
  const faults = doubles(ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol ?? "TCP"}`)).map(
    (port) => `${path} has the port ${port} twice`,
  );
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    const port = (spec[probe]?.httpGet ?? spec[probe]?.tcpSocket)?.port;
    if (typeof port === "string" && !named.has(port)) faults.push(`${path}.${probe} asks at ${port}, which is no port`);
  }
  return faults;
}

function doubles(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => name !== undefined && names.indexOf(name) !== index))];
}
