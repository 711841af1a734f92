import { arch, release } from "node:os";
import { pythonRepr } from "../../message/python-repr.ts";
import { software } from "../events/software.ts";
import type { WorkerInside } from "../inside.ts";
import { shownConfiguration } from "./shown-configuration.ts";

/** What a bug report should tell (celery 5.6 `app/utils.py`, `bugreport`). */
export function report(inside: WorkerInside): string {
  const settings = Object.entries(shownConfiguration(inside));
  return [
    "",
    `software -> ${software.sw_ident}:${software.sw_ver} node:${process.versions.node} v8:${process.versions.v8}`,
    `platform -> system:${software.sw_sys} arch:${arch()} kernel version:${release()}`,
    `settings -> transport:${inside.broker().transport} pool:${inside.pool().implementation}`,
    "",
    ...settings.map(([name, value]) => `${name}: ${pythonRepr(value)}`),
    "",
  ].join("\n");
}
