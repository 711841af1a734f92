import assert from "node:assert/strict";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { aTask, popOne } from "./broker.conformance.ts";
import { startRedisWorld } from "./redis-world.ts";

/** Messages as nobody sends them, which are envelopes all the same: here a quick look at the text would go astray. */
const plain = JSON.stringify(aTask({ id: "a", args: ["x"] }));
const odd: [name: string, text: string][] = [
  ["as it should be", plain],
  ["spread over lines", JSON.stringify(JSON.parse(plain), null, 2)],
  ["with spaces around it", `  ${plain}\n`],
  ["properties named in an argument", plain.replace('"argsrepr":"', '$&\\"properties\\": {')],
  ["properties as a value", plain.replace('"lang":"py"', '"lang":"properties"')],
  ["properties among the headers", plain.replace('"headers":{', '$&"properties":{"cdt_holder":"none"},')],
  ["properties twice", plain.replace('"headers":{', '"properties":{"delivery_tag":"other"},$&')],
  ["properties written with an escape", plain.replace('"properties"', '"propert\\u0069es"')],
  [
    "properties written with an escape, and others among the headers",
    plain.replace('"properties"', '"\\u0070roperties"').replace('"headers":{', '$&"properties":{"a":1},'),
  ],
  ["headers named twice", plain.replace('"headers":{', '"headers":[],$&')],
  ["headers among the properties", plain.replace('"properties":{', '$&"headers":{"redelivered":false},')],
  ["delivery_info among the headers", plain.replace('"headers":{', '$&"delivery_info":{"a":{}},')],
  ["a holder's mark among the headers", plain.replace('"headers":{', '$&"cdt_holder":"somebody",')],
  ["a holder's mark in a text", plain.replace('"argsrepr":"', '$&\\"cdt_holder\\":\\"somebody\\",')],
  [
    "flags that say no",
    plain.replace('"headers":{', '$&"redelivered":false,').replace('"delivery_info":{', '$&"redelivered":null,'),
  ],
  ["flags in odd places", plain.replace('"properties":{', '$&"redelivered":{"redelivered":[]},')],
  ["the flags escaped", plain.replace('"headers":{', '$&"re\\u0064elivered":false,')],
  ["no header at all", plain.replace(/"headers":\{.*\},"properties"/, '"headers":{},"properties"')],
  ["properties first", reversed(plain)],
  ["a count of deaths that is none", plain.replace('"properties":{', '$&"cdt_deaths":"many",')],
  ["a count of deaths beyond all numbers", plain.replace('"properties":{', '$&"cdt_deaths":1e308,')],
  ["characters of two, three and four bytes", plain.replace('"argsrepr":"', "$&äß ‡€ 𝄞😀 \ud7ff\ue000")],
  ["halves of pairs, escaped", plain.replace('"argsrepr":"', "$&\\ud83d \\udc00 \\u0000")],
  ["numbers of many digits", plain.replace('"headers":{', '$&"n":123456789012345678901234567890.10,')],
  ["a queue's priority as a text", plain.replace('"priority":0', '"priority":"0"')],
  ["an odd delivery tag", plain.replace(/"delivery_tag":"[^"]*"/, '"delivery_tag":"\\"t\\u00e4g\\\\"')],
];

test("odd messages are popped as they came, recorded as they are, and given back with flags and deaths alone", {
  skip: without("redis-server"),
  timeout: 120_000,
}, async (t) => {
  const world = await startRedisWorld(t);
  const broker = await world.open();
  for (const [name, text] of odd) {
    await world.pushRaw("q", text);
    const { tag, raw } = await popOne(broker);
    assert.equal(raw, text, name);
    const [recorded, exchange, routingKey] = JSON.parse((await world.peer.hget("unacked", tag))!);
    assert.deepEqual([exchange, routingKey], ["", "q"], name);
    assert.match(String(recorded.properties?.cdt_holder), /^[\w-]{16}$/, name);
    delete recorded.properties.cdt_holder;
    assert.deepEqual(recorded, JSON.parse(text), name);
    assert.equal((await broker.renew([tag])).get(tag), "RENEWED", name);

    assert.equal(await broker.requeue(tag, { death: true }), "DONE", name);
    const given = (await world.peer.lindex("q", -1))!;
    assert.deepEqual(JSON.parse(given), withFlags(JSON.parse(text), 1), name);
    const second = await popOne(broker);
    assert.equal(second.raw, given, name);

    await world.endLease(second.tag);
    assert.equal((await broker.restoreOrphans()).restored, 1, name);
    const third = await popOne(broker);
    assert.deepEqual(JSON.parse(third.raw), withFlags(JSON.parse(text), 2), name);
    assert.equal(await broker.park(third.tag, new Date(0)), "DONE", name);
    assert.equal((await broker.restoreOrphans()).due, 1, name);
    const fourth = await popOne(broker);
    assert.equal(fourth.raw, third.raw, name);
    assert.equal(await broker.acknowledge(fourth.tag), "DONE", name);
    assert.deepEqual(await world.peer.keys("*"), [], name);
  }
});

function withFlags(message: ReturnType<typeof aTask>, deaths: number): ReturnType<typeof aTask> {
  message.headers.redelivered = true;
  message.properties.delivery_info.redelivered = true;
  message.properties.cdt_deaths = deaths;
  return message;
}

function reversed(text: string): string {
  return JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse()));
}
