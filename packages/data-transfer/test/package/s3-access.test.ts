import assert from "node:assert/strict";
import { test } from "node:test";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { type S3Options, s3Access } from "../../src/package/s3-access.ts";
import { Secret } from "../../src/settings/secret.ts";
import type { Settings } from "../../src/settings/settings.ts";

const variables = { AWS_ACCESS_KEY_ID: "from variables", AWS_SECRET_ACCESS_KEY: "secret of variables" };
const one = { accessKey: new Secret("from one"), secretKey: new Secret("secret of one"), region: "one-region" };
const two = { accessKey: new Secret("from two"), secretKey: new Secret("secret of two"), region: undefined };
const endpoint = "https://s3.example.org/";

function access(options: S3Options, s3: object, env: Record<string, string | undefined>) {
  return s3Access(options, { s3 } as unknown as Settings, env);
}

test("keys come from the table that is named, else from the variables, else from the only table", () => {
  const cases: [options: S3Options, s3: object, env: Record<string, string>, accessKey: string, region: string][] = [
    [{}, {}, variables, "from variables", "us-east-1"],
    [{}, { one, two }, variables, "from variables", "us-east-1"],
    [{}, { one }, { ...variables, AWS_REGION: "r", AWS_DEFAULT_REGION: "d" }, "from variables", "r"],
    [{}, { one }, { ...variables, AWS_DEFAULT_REGION: "d" }, "from variables", "d"],
    [{ region: "own" }, { one }, { ...variables, AWS_REGION: "r" }, "from variables", "own"],
    [{}, { one }, {}, "from one", "one-region"],
    [{}, { one }, { AWS_ACCESS_KEY_ID: "half" }, "from one", "one-region"],
    [{ keys: "two" }, { one, two }, variables, "from two", "us-east-1"],
  ];
  for (const [options, s3, env, accessKey, region] of cases) {
    const found = access({ endpoint, ...options }, s3, { ...env });
    assert.deepEqual([found.accessKey, found.region], [accessKey, region]);
    assert.equal(found.secretKey, accessKey.replace("from", "secret of"));
    assert.equal(found.endpoint, "https://s3.example.org");
  }
});

test("the variables do not stay in the environment", () => {
  const env = { ...variables, AWS_REGION: "r" };
  access({ endpoint }, {}, env);
  assert.deepEqual(env, { AWS_REGION: "r" });
});

test("an endpoint may come from AWS' own variables", () => {
  for (const name of ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
    assert.equal(access({}, {}, { ...variables, [name]: "http://h:1" }).endpoint, "http://h:1");
  }
});

test("what does not say enough is refused", () => {
  const cases: [options: S3Options, s3: object, env: Record<string, string>, code: string][] = [
    [{}, {}, variables, "CDT-USAGE"],
    [{ endpoint: "s3.example.org" }, {}, variables, "CDT-USAGE"],
    [{ endpoint: "ftp://s3.example.org" }, {}, variables, "CDT-USAGE"],
    [{ endpoint: "https://me:word@s3.example.org" }, {}, variables, "CDT-USAGE"],
    [{ endpoint, keys: "three" }, { one, two }, variables, "CDT-USAGE"],
    [{ endpoint }, { one, two }, {}, "CDT-CREDENTIALS-MISSING"],
    [{ endpoint }, {}, { AWS_ACCESS_KEY_ID: "half" }, "CDT-CREDENTIALS-MISSING"],
  ];
  for (const [options, s3, env, code] of cases) {
    assert.throws(
      () => access(options, s3, env),
      (error) => error instanceof DataTransferError && error.code === code && !error.message.includes("word"),
    );
  }
});
