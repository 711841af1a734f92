import { ConfigurationError, TransientError } from "./data-transfer-error.ts";

/** Redis does not answer, or not in time. */
export class BrokerUnreachable extends TransientError {
  readonly code = "CDT-BROKER-UNREACHABLE";
  readonly help =
    "ccat_data_transfer settings show redis   # is this the right host and port, and is Redis running there?";
}

/** Redis does not know user and password, or does not let that user do our work. */
export class BrokerLogin extends ConfigurationError {
  readonly code = "CDT-BROKER-LOGIN";
  readonly help =
    "ccat_data_transfer settings show redis   # set redis.username, and redis.password or redis.password_file";
}

/** None of the authorities that we trust signed Redis' certificate. */
export class BrokerCertificateUntrusted extends ConfigurationError {
  readonly code = "CDT-BROKER-CERTIFICATE-UNTRUSTED";
  readonly help =
    "ccat_data_transfer settings show redis   # redis.ca_file must be the authority that signed Redis' certificate";
}

/** Redis' certificate is good, but for another name. */
export class BrokerCertificateName extends ConfigurationError {
  readonly code = "CDT-BROKER-CERTIFICATE-NAME";
  readonly help = "ccat_data_transfer settings show redis   # set redis.server_name to the name in the certificate";
}

/** Redis' certificate has ended, or has not begun. */
export class BrokerCertificateExpired extends ConfigurationError {
  readonly code = "CDT-BROKER-CERTIFICATE-EXPIRED";
  readonly help = "renew Redis' certificate; if it is still good, set this machine's clock";
}

/** Redis wants a certificate from us and got none, or none that it trusts. */
export class BrokerClientCertificateMissing extends ConfigurationError {
  readonly code = "CDT-BROKER-CLIENT-CERTIFICATE";
  readonly help =
    "ccat_data_transfer settings show redis   # redis.cert_file and redis.key_file must be ours, and not expired";
}

/** One of the certificate files is not there, cannot be read, or is no PEM file; or the other side speaks no TLS. */
export class BrokerTlsUnusable extends ConfigurationError {
  readonly code = "CDT-BROKER-TLS";
  readonly help =
    "ccat_data_transfer settings show redis   # redis.tls, and the files redis.ca_file, cert_file, key_file";
}

/** Redis is there and refuses for the moment: it loads, is a replica, or has no memory left. */
export class BrokerRefused extends TransientError {
  readonly code = "CDT-BROKER-REFUSED";
  readonly help = "look at Redis' own log: it answers, but not to us";
}

/** What is there is a Redis that our queues cannot lie on: a node of a Redis Cluster, or one before 6.2. */
export class BrokerUnsuitable extends ConfigurationError {
  readonly code = "CDT-BROKER-UNSUITABLE";
  readonly help = "ccat_data_transfer settings show redis   # it must be a single Redis, 6.2 or later";
}
