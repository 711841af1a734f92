import { generateOf } from "./generate.ts";
import { simulate } from "./world.ts";

const [kind, first, count] = process.argv.slice(2);
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const t0 = Date.now();
  const out = await simulate(generateOf(kind as never, seed));
  const t = Date.now() - t0;
  if (t > 400)
    process.stdout.write(
      `${seed}: ${t} ms, ${String(out.tale).split("\n").length} lines ${/going on|goes on/.test(String(out.tale))}\n${String(out.tale).split("\n").slice(-5).join("\n")}\n`,
    );
}
