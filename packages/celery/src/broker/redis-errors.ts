import { CeleryError, type CeleryErrorKind } from "../celery-error.ts";

/** What can be wrong between us and Redis, each with its stable code. */
const faults = {
  unreachable: {
    code: "CDT-REDIS-UNREACHABLE",
    kind: "transient",
    help: "check host and port, and whether Redis runs there; TLS to a plain port gets no answer either",
  },
  password: {
    code: "CDT-REDIS-PASSWORD",
    kind: "configuration",
    help: "check the password, and the user name if one is set",
  },
  "not-permitted": {
    code: "CDT-REDIS-NOT-PERMITTED",
    kind: "configuration",
    help: "give the Redis user the command and the keys that the sentence names (ACL SETUSER)",
  },
  "certificate-untrusted": {
    code: "CDT-REDIS-CERTIFICATE-UNTRUSTED",
    kind: "configuration",
    help: "check that the CA file is the one that signed the server's certificate",
  },
  "certificate-name": {
    code: "CDT-REDIS-CERTIFICATE-NAME",
    kind: "configuration",
    help: "set the server name to one that the certificate carries",
  },
  "certificate-expired": {
    code: "CDT-REDIS-CERTIFICATE-EXPIRED",
    kind: "configuration",
    help: "renew the server's certificate, and check this machine's clock",
  },
  "client-certificate": {
    code: "CDT-REDIS-CLIENT-CERTIFICATE",
    kind: "configuration",
    help: "configure a client certificate and key that the server's authority signed and that has not expired",
  },
  "not-tls": {
    code: "CDT-REDIS-NOT-TLS",
    kind: "configuration",
    help: "use Redis' TLS port, or switch TLS off",
  },
  "tls-files": {
    code: "CDT-REDIS-TLS-FILES",
    kind: "configuration",
    help: "check that the certificate and key files exist, are PEM and belong together",
  },
  url: {
    code: "CDT-REDIS-URL",
    kind: "configuration",
    help: "write it as redis[s]://[user:password@]host[:port][/db], special characters percent-encoded",
  },
  "not-ready": {
    code: "CDT-REDIS-NOT-READY",
    kind: "transient",
    help: "wait until Redis has loaded its data; if it is a replica, connect to its primary",
  },
  cluster: {
    code: "CDT-REDIS-CLUSTER",
    kind: "configuration",
    help: "use a Redis that is no cluster: one primary, with replicas if need be",
  },
  version: {
    code: "CDT-REDIS-VERSION",
    kind: "configuration",
    help: "use Redis 6.2 or later",
  },
  "wrong-type": {
    code: "CDT-REDIS-WRONG-TYPE",
    kind: "message",
    help: "choose another name for the queue or the task; redis-cli TYPE shows what lies under the one it has",
  },
  refused: {
    code: "CDT-REDIS-REFUSED",
    kind: "transient",
    help: "look at the state of Redis: redis-cli INFO",
  },
} as const satisfies Record<string, { code: `CDT-${string}`; kind: CeleryErrorKind; help: string }>;

export type RedisFault = keyof typeof faults;

/** Redis could not be reached, did not let us in, or refused a command; `fault` says which. */
export class RedisError extends CeleryError {
  readonly fault: RedisFault;
  readonly kind: CeleryErrorKind;
  readonly code: (typeof faults)[RedisFault]["code"];
  readonly help: string;

  constructor(fault: RedisFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.kind = faults[fault].kind;
    this.code = faults[fault].code;
    this.help = faults[fault].help;
  }
}

/**
 * Tells from the error of Node, OpenSSL or Redis what is wrong. `where` names the server (`host:port`).
 *
 * The cause is a copy with message and code alone: ioredis hangs the command on its errors, AUTH and its password too.
 */
export function translateRedisError(error: unknown, where: string): RedisError {
  if (error instanceof RedisError) return error;
  const { message = String(error), code = "" } = error as { message?: string; code?: string };
  const cause = Object.assign(new Error(message), code && { code });
  const fault = faultOf(code, message);
  const detail = tellsMore.has(fault) ? message : code || message;
  return new RedisError(fault, sentences[fault](where, detail), { cause });
}

/** The error for what we have found out ourselves. */
export function redisFault(fault: RedisFault, where: string, detail = ""): RedisError {
  return new RedisError(fault, sentences[fault](where, detail));
}

/** Here the message names what the code does not: the names in the certificate, the file that is not there. */
const tellsMore: ReadonlySet<RedisFault> = new Set(["certificate-name", "tls-files"]);

const sentences: Record<RedisFault, (where: string, detail: string) => string> = {
  unreachable: (where, detail) => `Redis at ${where} cannot be reached (${detail})`,
  password: (where) => `Redis at ${where} does not take the password`,
  "not-permitted": (where, detail) => `Redis at ${where} does not permit it: ${detail}`,
  "certificate-untrusted": (where, detail) => `the certificate of Redis at ${where} is not trusted (${detail})`,
  "certificate-name": (where, detail) =>
    `the certificate of Redis at ${where} is for another name (${detail.replace(/^.* altnames: (?=Host: )/, "")})`,
  "certificate-expired": (where, detail) => `the certificate of Redis at ${where} is not valid now (${detail})`,
  "client-certificate": (where, detail) => `Redis at ${where} wants another client certificate (${detail})`,
  "not-tls": (where) => `what listens at ${where} does not speak TLS`,
  "tls-files": (where, detail) => `the TLS files for Redis at ${where} cannot be used (${detail})`,
  url: (_where, detail) => detail,
  "not-ready": (where, detail) => `Redis at ${where} is not ready (${detail})`,
  cluster: (where) =>
    `Redis at ${where} is a node of a Redis Cluster; queues need a single Redis, since their keys must lie on one node`,
  version: (where, detail) => `Redis at ${where} is too old (${detail}); 6.2 is the first that will do`,
  "wrong-type": (where, detail) => `in Redis at ${where} something else lies under that name: ${detail}`,
  refused: (where, detail) => `Redis at ${where} refused: ${detail}`,
};

function faultOf(code: string, message: string): RedisFault {
  const byCode = codes.find(([pattern]) => pattern.test(code));
  if (byCode) return byCode[1];
  const byReply = replies.find(([pattern]) => pattern.test(message));
  if (byReply) return byReply[1];
  return "unreachable";
}

/** Codes of Node's TLS and of OpenSSL's alerts. */
const codes: [RegExp, RedisFault][] = [
  [/^ERR_TLS_CERT_ALTNAME/, "certificate-name"],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, "certificate-expired"],
  [
    /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_(UNTRUSTED|SIGNATURE_FAILURE|REJECTED|REVOKED)|INVALID_CA/,
    "certificate-untrusted",
  ],
  // An alert is the other side's verdict on ours.
  [
    /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED|DECRYPT_ERROR)/,
    "client-certificate",
  ],
  [/ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|HTTP_REQUEST)/, "not-tls"],
  [/ERR_OSSL_|ERR_SSL_(NO_START_LINE|KEY_VALUES_MISMATCH|BAD_|EE_KEY|CA_KEY)|^ENOENT$|^EACCES$|^EISDIR$/, "tls-files"],
];

/**
 * Replies of a server that cannot serve us for now: it reads its data, or has become a replica. Redis before 7 quotes what
 * a script met, behind other words.
 */
const notReady = /^(LOADING|MASTERDOWN|READONLY)|-(LOADING|MASTERDOWN|READONLY)\b/;

/** Whether a reply says that this connection leads to a server that takes no writes: another one has to be made. */
export function saysNotReady(reply: { message: string }): boolean {
  return notReady.test(reply.message);
}

/** The first words of Redis' error replies. */
const replies: [RegExp, RedisFault][] = [
  [/^(WRONGPASS|NOAUTH)|invalid password|invalid username-password/i, "password"],
  [/^(NOPERM|DENIED)/, "not-permitted"],
  [notReady, "not-ready"],
  [/^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN|TRYAGAIN)\b|not allowed in cluster mode/, "cluster"],
  [/\bWRONGTYPE\b/, "wrong-type"],
  [/^(ERR|OOM|MISCONF|BUSY|NOSCRIPT|NOREPLICAS|EXECABORT|UNKILLABLE)\b/, "refused"],
];
