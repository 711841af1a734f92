import type { IForbiddenRuleType } from "dependency-cruiser";

/**
 * The leaves: every folder of the application may use them; they use nobody, save that all may throw
 * our errors, and that the log knows the settings: it must not print their secrets.
 */
const leaves = ["errors", "settings", "logging"];

/** What each folder of packages/data-transfer/src may import besides itself and the leaves. */
export const mayImport: Readonly<Record<string, readonly string[] | "everything">> = {
  errors: [],
  settings: ["errors"],
  logging: ["errors", "settings"],
  model: [],
  opsdb: ["model"],
  queues: ["model", "opsdb"],
  storage: ["model"],
  bundle: ["model", "storage/storage.ts"],
  package: ["model", "storage", "bundle"],
  staging: ["model", "opsdb", "queues", "storage", "bundle", "celery"],
  health: ["opsdb", "queues", "storage", "celery"],
  checks: ["model", "opsdb", "queues", "storage", "bundle/destination-path.ts", "celery"],
  demo: "everything",
  cli: "everything",
};

/** Within packages/celery/src each folder may import itself, `celery-error.ts`, and those that stand before it here. */
export const celeryLayers = ["message", "broker", "results", "canvas", "client", "worker", "cli", "testing"] as const;

const application = "packages/data-transfer/src";
const celery = "packages/celery/src";

/** The table above, and what holds for the whole repository, as dependency-cruiser's rules. */
export function importRules(): IForbiddenRuleType[] {
  return [
    ...Object.entries(mayImport).flatMap(([folder, allowed]) =>
      allowed === "everything" ? [] : [onlyInto(folder, allowed)],
    ),
    ...celeryLayers.map((layer, at) => onlyBelow(layer, celeryLayers.slice(0, at))),
    {
      name: "celery knows nothing of the application",
      severity: "error",
      from: { path: "^packages/celery/" },
      to: { path: "^packages/data-transfer/" },
    },
    {
      name: "celery is used through its index",
      severity: "error",
      from: { pathNot: "^packages/celery/" },
      to: { path: `^${celery}/`, pathNot: `^${celery}/index\\.ts$` },
    },
    {
      name: "sources do not use tests and tools",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "^(testing|scripts|bench|packages/[^/]+/test)/" },
    },
    { name: "no cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "every import leads somewhere", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "sources use declared dependencies",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ];
}

function onlyInto(folder: string, allowed: readonly string[]): IForbiddenRuleType {
  const own = folder === "" ? [] : [folder];
  const inside = [...own, ...(leaves.includes(folder) ? [] : leaves), ...allowed.filter((name) => name !== "celery")];
  const targets = inside.map((name) => (name.endsWith(".ts") ? `${name.replaceAll(".", "\\.")}$` : `${name}/`));
  const others = allowed.includes("celery") ? `^${application}/` : `^(${application}|${celery})/`;
  return {
    name: `${folder} imports only ${inside.join(", ")}${allowed.includes("celery") ? ", celery" : ""}`,
    severity: "error",
    from: { path: `^${application}/${folder}/` },
    to: { path: others, pathNot: `^${application}/(${targets.join("|")})` },
  };
}

function onlyBelow(layer: string, lower: readonly string[]): IForbiddenRuleType {
  const inside = [layer, ...lower].map((name) => `${name}/`);
  return {
    name: `celery's ${layer} imports only ${["itself", ...lower].join(", ")}`,
    severity: "error",
    from: { path: `^${celery}/${layer}/` },
    to: { path: `^${celery}/`, pathNot: `^${celery}/(celery-error\\.ts$|${inside.join("|")})` },
  };
}
