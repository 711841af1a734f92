import { generateOf, type Kind, kinds } from "./generate.ts";
import { simulate } from "./world.ts";

const [kind, first, count, tell] = process.argv.slice(2);
const which = kind === "all" ? (Object.keys(kinds) as Kind[]) : [kind as Kind];
for (const k of which) {
  const total: Record<string, number> = {};
  const bad: string[] = [];
  const t0 = Date.now();
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    try {
      const out = await simulate(generateOf(k, seed));
      for (const [what, n] of Object.entries(out.counts)) total[what] = (total[what] ?? 0) + n;
      if (out.violation) bad.push(`${seed}: ${out.violation.message.slice(0, 150)}`);
      if (tell) process.stdout.write(`${out.tale}\n`);
    } catch (e) {
      bad.push(`${seed}: THROWS ${(e as Error).stack?.slice(0, 600)}`);
    }
  }
  process.stdout.write(
    `${k}: ${(Date.now() - t0) / Number(count)} ms each, ${JSON.stringify(total)}\n${bad
      .slice(0, 12)
      .map((b) => "   " + b)
      .join("\n")}\n`,
  );
}
