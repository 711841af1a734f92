import { categories } from "./check.ts";
import type { CheckReport } from "./run-checks.ts";

/** The page with a section for each check, under its id. */
export const page = "docs/doctor.md";

const symbols: Readonly<Record<CheckReport["result"], string>> = {
  ok: "√",
  warning: "‼",
  failure: "×",
  skipped: "-",
  "not-run": "-",
};

/** Whether nothing fatal was found. Warnings do no harm yet. */
export function isHealthy(reports: readonly CheckReport[]): boolean {
  return reports.every(({ result }) => result !== "failure");
}

/**
 * The report for people: by category, one line for each check, below it what is wrong and what helps; the verdict last.
 *
 * @param short  only what is not as it should be; nothing at all where all is well
 */
export function reportLines(reports: readonly CheckReport[], { short = false } = {}): string[] {
  if (short) {
    const wrong = reports.filter(({ result }) => result === "warning" || result === "failure");
    return wrong.length === 0 ? [] : [...wrong.flatMap(linesOf), "", verdict(reports)];
  }
  const sections = categories.flatMap((category) => {
    const own = reports.filter((report) => report.category === category);
    return own.length === 0 ? [] : [category, "-".repeat(category.length), ...own.flatMap(linesOf), ""];
  });
  return [...sections, verdict(reports)];
}

/** The report for programs. */
export function reportDocument(reports: readonly CheckReport[]): unknown {
  return {
    success: isHealthy(reports),
    verdict: verdict(reports).slice(2),
    categories: categories
      .map((category) => ({
        category,
        checks: reports
          .filter((report) => report.category === category)
          .map(({ id, statement, severity, result, words, code, help }) => ({
            ...{ id, statement, severity, result, message: words, code, help, docs: `${page}#${id}` },
          })),
      }))
      .filter(({ checks }) => checks.length > 0),
  };
}

/** The colours of a line, by its symbol; `style` is that of `util.styleText`. */
export function paintLine(
  line: string,
  style: (color: "green" | "yellow" | "red" | "dim", text: string) => string,
): string {
  const color = ({ "√": "green", "‼": "yellow", "×": "red", "-": "dim" } as const)[line.slice(0, 1)];
  if (color === undefined || line[1] !== " ") return line;
  return color === "dim" ? style(color, line) : style(color, line.slice(0, 1)) + line.slice(1);
}

function linesOf({ id, statement, result, words, code, help }: CheckReport): string[] {
  const line = `${symbols[result]} ${statement}`;
  switch (result) {
    case "ok":
      return [words === undefined ? line : `${line} (${words})`];
    case "skipped":
      return [`${line} (nothing to check: ${words})`];
    case "not-run":
      return [`${line} (not checked: ${words})`];
    default:
      return [
        line,
        ...`${words}${code === undefined ? "" : ` [${code}]`}`.split("\n").map((one) => `    ${one}`),
        `    try: ${help}`,
        `    see: ${page}#${id}`,
      ];
  }
}

function verdict(reports: readonly CheckReport[]): string {
  const count = (result: CheckReport["result"]) => reports.filter((report) => report.result === result).length;
  const failed = count("failure");
  const warnings = count("warning");
  const more = [
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`] : []),
    ...(count("not-run") > 0 ? [`${count("not-run")} not checked`] : []),
  ];
  if (failed > 0) return `× not fit for work: ${[`${failed} failed`, ...more, `${count("ok")} ok`].join(", ")}`;
  return `${warnings > 0 ? symbols.warning : symbols.ok} fit for work: ${[...more, `${count("ok")} ok`].join(", ")}`;
}
