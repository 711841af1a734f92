import type { Check } from "./check.ts";
import { databaseCertificateExpiry } from "./database/certificate-expiry.ts";
import { databaseCertificateFiles } from "./database/certificate-files.ts";
import { databaseClock } from "./database/clock.ts";
import { databaseIdentity } from "./database/identity.ts";
import { databaseLogin } from "./database/login.ts";
import { databaseMigrated } from "./database/migrated.ts";
import { databasePrimary } from "./database/primary.ts";
import { databaseReachable } from "./database/reachable.ts";
import { databaseRights } from "./database/rights.ts";
import { databaseTls } from "./database/tls.ts";
import { queueConsumed } from "./queue/consumed.ts";
import { queueKnown } from "./queue/known.ts";
import { queueOpen } from "./queue/open.ts";
import { redisCertificateExpiry } from "./redis/certificate-expiry.ts";
import { redisCertificateFiles } from "./redis/certificate-files.ts";
import { redisCertificateValid } from "./redis/certificate-valid.ts";
import { redisEviction } from "./redis/eviction.ts";
import { redisIdentity } from "./redis/identity.ts";
import { redisLogin } from "./redis/login.ts";
import { redisMemory } from "./redis/memory.ts";
import { redisReachable } from "./redis/reachable.ts";
import { redisScripts } from "./redis/scripts.ts";
import { redisServerCertificateExpiry } from "./redis/server-certificate-expiry.ts";
import { redisSuitable } from "./redis/suitable.ts";
import { redisTls } from "./redis/tls.ts";
import { settingsEnvironment } from "./settings/environment.ts";
import { settingsKnown } from "./settings/known.ts";
import { settingsValid } from "./settings/valid.ts";
import { storageAnswers } from "./storage/answers.ts";
import { storageFree } from "./storage/free.ts";
import { storageMounted } from "./storage/mounted.ts";
import { storagePath } from "./storage/path.ts";
import { storageWritable } from "./storage/writable.ts";

/** Every check, in the order in which they are made: by category, and what one needs before it. */
export const checks: readonly Check[] = [
  ...[settingsValid, settingsKnown, settingsEnvironment],
  ...[redisCertificateFiles, redisCertificateValid, redisCertificateExpiry],
  ...[redisReachable, redisTls, redisLogin, redisSuitable],
  ...[redisServerCertificateExpiry, redisIdentity, redisEviction, redisMemory, redisScripts],
  ...[databaseCertificateFiles, databaseCertificateExpiry],
  ...[databaseReachable, databaseTls, databaseLogin, databasePrimary],
  ...[databaseIdentity, databaseClock, databaseMigrated, databaseRights],
  ...[queueKnown, queueOpen, queueConsumed],
  ...[storagePath, storageAnswers, storageMounted, storageFree, storageWritable],
];
