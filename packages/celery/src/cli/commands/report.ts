import { release } from "node:os";
import { software } from "../../worker/events/software.ts";
import type { Command } from "../command.ts";
import { maskPasswords } from "../mask.ts";

export const report: Command = {
  name: "report",
  summary: "versions and settings, to be sent with a report of a fault",
  description: "Passwords in URLs are hidden. Works without a broker.",
  examples: [
    { command: "celery-node report --app app.ts", purpose: "the app's settings, too" },
    { command: "celery-node report --broker redis://localhost --output json", purpose: "for a program" },
  ],
  async run(context) {
    const { app, module, addresses } = await context.app();
    const { settings } = app;
    const facts = {
      software: `celery-node ${software.sw_ver}, Node ${process.versions.node}, V8 ${process.versions.v8}`,
      platform: `${process.platform} ${release()} ${process.arch}`,
      app: module?.path ?? null,
      broker: maskPasswords(addresses.broker ?? ""),
      results: addresses.backend === undefined ? null : maskPasswords(addresses.backend),
      tasks: app.tasks.map(({ name }) => name).sort(),
      settings: readable({ ...settings.worker, ...settings.broker, ...settings.results, ...settings.program }),
      warnings: settings.warnings,
    };
    const lines = Object.entries(facts).map(
      ([key, value]) => `${`${key}:`.padEnd(10)} ${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    context.output.result(facts, lines);
    return 0;
  },
};

/** Without what holds secrets, or is no data. */
function readable(settings: object): Record<string, unknown> {
  const entries = Object.entries(settings).map(([key, value]): [string, unknown] => {
    if (/^(broker|backend)$/.test(key)) return [key, maskPasswords(String(value))];
    return [key, typeof value === "function" ? "[function]" : value];
  });
  return Object.fromEntries(entries);
}
