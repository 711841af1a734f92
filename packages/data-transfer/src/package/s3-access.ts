import { CredentialsMissing } from "../errors/source.ts";
import { UsageError } from "../errors/usage.ts";
import { registerSecret } from "../logging/redact.ts";
import type { Settings } from "../settings/settings.ts";

/** Where an S3 archive is, and what opens it. */
export interface S3Access {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
}

export interface S3Options {
  /** Named on the command line, and allowed by that. */
  endpoint?: string;
  region?: string;
  /** Of the tables `s3.<name>` in the settings, the one whose keys are used. */
  keys?: string;
}

/**
 * Keys come from the table that is named; else from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; else from the only
 * table there is. The variables are taken out of the environment.
 *
 * @throws UsageError, CredentialsMissing
 */
export function s3Access(
  { endpoint, region, keys }: S3Options,
  settings: Settings,
  env: Record<string, string | undefined>,
): S3Access {
  const named = endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  if (named === undefined) throw new UsageError("an s3:// address needs --endpoint <url>", help);
  const url = URL.parse(named);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new UsageError(`the endpoint ${url?.host ?? named} is not of the form https://host[:port]`, help);
  }
  const table = tableOf(settings, keys);
  const variables = { id: env.AWS_ACCESS_KEY_ID, secret: env.AWS_SECRET_ACCESS_KEY };
  delete env.AWS_ACCESS_KEY_ID;
  delete env.AWS_SECRET_ACCESS_KEY;
  const fromTable = keys !== undefined || variables.id === undefined || variables.secret === undefined;
  const accessKey = fromTable ? table?.accessKey?.reveal() : variables.id;
  const secretKey = fromTable ? table?.secretKey?.reveal() : variables.secret;
  if (accessKey === undefined || secretKey === undefined) throw new CredentialsMissing({ location: url.host });
  registerSecret(secretKey);
  const { AWS_REGION, AWS_DEFAULT_REGION } = env;
  const signedFor = region ?? (fromTable ? table?.region : undefined) ?? AWS_REGION ?? AWS_DEFAULT_REGION;
  return { endpoint: url.origin, region: signedFor ?? "us-east-1", accessKey, secretKey };
}

function tableOf({ s3 }: Settings, name: string | undefined): Settings["s3"][string] | undefined {
  if (name === undefined) return Object.keys(s3).length === 1 ? Object.values(s3)[0] : undefined;
  const table = s3[name];
  if (table !== undefined) return table;
  const known = Object.keys(s3).join(", ") || "none";
  throw new UsageError(
    `the settings have no table s3.${name}; there are: ${known}`,
    "ccat_data_transfer settings show s3",
  );
}

const help = "ccat_data_transfer package fetch --help   # --endpoint https://s3.example.org";
