import assert from "node:assert/strict";
import { after, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { until } from "../world/until.ts";
import { fillProduction, queue } from "./packages.ts";
import { startProduction, startServers } from "./production.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip ? undefined! : await startServers({ after });

test("list-queues tells whether a location is served, and ends with 1 when it is not", options, async (t) => {
  const production = await startProduction(t, servers);
  await fillProduction(production, { one: 1000, two: 1000 });
  const { run, start } = production;

  const unserved = await run(["list-queues", "ramses_processing"]);
  assert.equal(unserved.code, 1);
  assert.match(unserved.stdout, row("0 +0 +0 +NO +0 +-"));
  assert.match(
    unserved.stderr,
    /^queue cologne_ramses_processing_staging is not bound: no worker has ever declared it/m,
  );
  assert.match(unserved.stderr, /^nobody consumes cologne_ramses_processing_staging: start a worker for it$/m);
  assert.match(unserved.stderr, /^try: ccat_data_transfer worker --location ramses_processing$/m);
  assert.equal((await run(["list-queues"])).code, 0, "without a location it is a list, not a judgement");

  // Two messages wait for a worker.
  const manager = await start(["manager"]);
  await run(["stage", "request", "one", "two"]);
  await until("both messages wait in the queue", () => manager.log().filter(({ msg }) => msg === "rung").length === 2);
  const [waiting] = (await run(["list-queues", "ramses_processing", "--output", "json"])).json;
  assert.equal(waiting.waiting, 2);
  assert.equal(waiting.consumers, 0);

  const worker = await start(["worker", "--location", "ramses_processing"]);
  assert.equal((await run(["stage", "wait", "1"])).code, 0);
  const served = await run(["list-queues", "ramses_processing"]);
  assert.deepEqual([served.code, served.stderr], [0, ""]);
  assert.match(
    served.stdout,
    /^QUEUE +SITE +LOCATION +OPERATION +WAITING +UNACKED +SCHEDULED +BOUND +CONSUMERS +OLDEST$/m,
  );
  assert.match(served.stdout, row("0 +0 +0 +yes +1 +-"));
  assert.deepEqual((await run(["list-queues", "cologne/ramses_processing", "--output", "json"])).json, [
    {
      ...{ queue, site: "cologne", location: "ramses_processing", operation: "staging" },
      ...{ waiting: 0, unacked: 0, unacked_at_least: false, scheduled: 0, bound: true, consumers: 1 },
      oldest_age_seconds: null,
    },
  ]);

  await worker.stop();
  const left = await run(["list-queues", "ramses_processing"]);
  assert.equal(left.code, 1);
  assert.match(left.stdout, row("0 +0 +0 +yes +0 +-"));
  assert.doesNotMatch(left.stderr, /is not bound/);
  assert.match(left.stderr, /^nobody consumes /m);
});

test("names that do not exist end with 2, the known ones and the nearest", options, async (t) => {
  const production = await startProduction(t, servers);
  await fillProduction(production, { one: 1000 });
  const cases: [args: string[], sentence: RegExp][] = [
    [
      ["list-queues", "ramses_procesing"],
      /no location "ramses_procesing"; did you mean ramses_processing\? \(known are /,
    ],
    [["worker", "--location", "ramses"], /no location "ramses" \(known are lta, ramses_processing\)/],
    [["worker", "--location", "ramses_processin"], /did you mean ramses_processing\?/],
    [["worker", "--queue", "cologne_ramses_staging"], /no queue cologne_ramses_staging/],
    [["worker", "--queue", "cologne_ramses_procesing_staging"], /did you mean cologne_ramses_processing_staging\?/],
    [["worker", "--location", "lta"], /no operation happens at lta/],
    [["worker"], /say what to consume: --location <name> or --queue <name>/],
    [["manager", "--operations", "stagging"], /no operation stagging; known are /],
    [["stage", "request", "one", "--to", "lta"], /lta is a long_term_archive location/],
    [["stage", "request", "one", "--to", "ramses_procesing"], /did you mean ramses_processing\?/],
  ];
  for (const [args, sentence] of cases) {
    const { code, stdout, stderr } = await production.run(args);
    const [error, hint] = stderr.trimEnd().split("\n").slice(-2);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(error ?? "", sentence, args.join(" "));
    assert.match(error ?? "", /^error: .* \[CDT-[A-Z-]+\]$/);
    assert.match(hint ?? "", /^try: ccat_data_transfer /);
  }
  assert.deepEqual((await production.run(["stage", "list", "--output", "json"])).json, []);
});

function row(cells: string): RegExp {
  return new RegExp(`^${queue} +cologne +ramses_processing +staging +${cells}$`, "m");
}
