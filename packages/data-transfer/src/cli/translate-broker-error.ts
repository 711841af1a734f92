import { RedisError, type RedisFault } from "@ccatobs/celery";
import {
  BrokerCertificateExpired,
  BrokerCertificateName,
  BrokerCertificateUntrusted,
  BrokerClientCertificateMissing,
  BrokerLogin,
  BrokerRefused,
  BrokerTlsUnusable,
  BrokerUnreachable,
  BrokerUnsuitable,
} from "../errors/broker.ts";
import type { DataTransferError } from "../errors/data-transfer-error.ts";

type Class = new (message: string, facts: Record<string, unknown>, options: ErrorOptions) => DataTransferError;

const classes: Readonly<Record<RedisFault, Class>> = {
  unreachable: BrokerUnreachable,
  password: BrokerLogin,
  "not-permitted": BrokerLogin,
  "certificate-untrusted": BrokerCertificateUntrusted,
  "certificate-name": BrokerCertificateName,
  "certificate-expired": BrokerCertificateExpired,
  "client-certificate": BrokerClientCertificateMissing,
  "not-tls": BrokerTlsUnusable,
  "tls-files": BrokerTlsUnusable,
  url: BrokerUnsuitable,
  cluster: BrokerUnsuitable,
  version: BrokerUnsuitable,
  "not-ready": BrokerRefused,
  "wrong-type": BrokerRefused,
  refused: BrokerRefused,
};

/** What the celery package says of Redis, as an error that names our settings; anything else stays what it is. */
export function translateBrokerError(error: unknown): unknown {
  if (!(error instanceof RedisError)) return error;
  return new classes[error.fault](error.message, { fault: error.fault }, { cause: error });
}
