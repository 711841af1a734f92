/** values.schema.json, by itself: what helm's two readings of it do not show. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { load } from "js-yaml";
import type { Json } from "../../testing/kubernetes-objects/kubernetes-object.ts";
import { cases, localChart, productionChart } from "./charts.ts";

for (const chart of [productionChart, localChart]) {
  const schema = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8")) as Json;
  const values = load(readFileSync(join(chart, "values.yaml"), "utf8")) as Json;
  const name = chart.split("/").at(-1);

  test(`${name}: the schema is of draft 7, and takes the chart's own values and those of every case`, () => {
    assert.equal(schema.$schema, "http://json-schema.org/draft-07/schema#");
    const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
    assert.ok(validate(values), JSON.stringify(validate.errors));
    let looked = 0;
    for (const { valueFiles } of cases.filter((one) => one.chart === chart)) {
      for (const file of valueFiles) {
        const over = merge(values, load(readFileSync(file, "utf8")));
        assert.ok(validate(over), `${file}: ${JSON.stringify(validate.errors)}`);
        looked++;
      }
    }
    assert.ok(looked > 0);
  });

  test(`${name}: every value has a description and a place in the schema, and every table of the chart is closed`, () => {
    const faults: string[] = [];
    let looked = 0;
    const walk = (node: Json, at: string, value: Json) => {
      looked++;
      if (!node.description) faults.push(`${at} has no description`);
      if (value === null || typeof value !== "object" || Array.isArray(value)) return;
      if (node.additionalProperties === undefined) faults.push(`${at} is open`);
      for (const [key, inner] of Object.entries(value)) {
        const next = node.properties?.[key];
        // Labels and the like have keys of the user's own.
        if (next) walk(resolve(next, schema), `${at}.${key}`, inner);
        else if (typeof node.additionalProperties !== "object") faults.push(`${at}.${key} is not in the schema`);
      }
    };
    for (const [key, value] of Object.entries(values)) {
      assert.ok(schema.properties[key], key);
      walk(resolve(schema.properties[key], schema), key, value);
    }
    assert.equal(schema.additionalProperties, false);
    assert.ok(looked > 100, `${looked}`);
    assert.deepEqual(faults, []);
  });
}

/** A part of the schema with what it refers to, in either of the two ways that are used. */
function resolve(node: Json, schema: Json): Json {
  const references = [node, ...(node.allOf ?? [])].flatMap(({ $ref }: Json) => ($ref ? [$ref as string] : []));
  const targets = references.map((at) =>
    at
      .split("/")
      .slice(1)
      .reduce((part: Json, key) => part[key], schema),
  );
  return Object.assign({}, ...targets, node);
}

/** As helm lays values over each other: null takes a key away. */
function merge(base: Json, over: Json): Json {
  if (over === null || typeof over !== "object" || Array.isArray(over)) return over;
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = key in merged && typeof merged[key] === "object" ? merge(merged[key], value) : value;
  }
  return merged;
}
