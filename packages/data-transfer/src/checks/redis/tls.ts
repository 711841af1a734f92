import {
  BrokerCertificateExpired,
  BrokerCertificateName,
  BrokerCertificateUntrusted,
  BrokerClientCertificateMissing,
  BrokerTlsUnusable,
} from "../../errors/broker.ts";
import type { Check } from "../check.ts";
import { passes } from "../stage.ts";
import { withoutRedisTls } from "./settings.ts";

export const redisTls: Check = {
  id: "redis-tls",
  category: "redis",
  statement: "Redis and we accept each other's certificate",
  severity: "fatal",
  needs: ["redis-certificate-valid", "redis-reachable"],
  unless: withoutRedisTls,
  run: (facts, signal) =>
    passes(facts.redis(signal), [
      ...[BrokerCertificateExpired, BrokerCertificateName, BrokerCertificateUntrusted],
      ...[BrokerClientCertificateMissing, BrokerTlsUnusable],
    ]),
  hint: "ccat_data_transfer settings show redis   # ca_file, cert_file, key_file, server_name",
};
