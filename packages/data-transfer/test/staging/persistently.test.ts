import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import {
  ClaimLost,
  DatabaseBusy,
  DatabaseForbidden,
  DatabaseTls,
  DatabaseUnreachable,
} from "../../src/errors/database.ts";
import { ClaimUnrenewable } from "../../src/errors/staging.ts";
import { persistently } from "../../src/staging/persistently.ts";

const log = pino({ level: "silent" });
const forever = new AbortController().signal;
const away = new DatabaseUnreachable("db:5432/x", "ECONNREFUSED");

test("what fails for a while is done in the end", async () => {
  const errors = [
    away,
    new DatabaseBusy("db:5432/x", "a deadlock"),
    new DatabaseTls("db:5432/x", "handshake", "bad record mac"),
  ];
  const answer = await persistently(log, forever, async () => {
    const error = errors.pop();
    if (error) throw error;
    return "done";
  });
  assert.equal(answer, "done");
  assert.deepEqual(errors, []);
});

for (const error of [
  new ClaimLost(),
  new ClaimUnrenewable(60),
  new DatabaseForbidden("db:5432/x", "no"),
  new TypeError("x"),
]) {
  test(`${error.name} is not tried again`, async () => {
    let tries = 0;
    await assert.rejects(
      persistently(log, forever, async () => {
        tries++;
        throw error;
      }),
      error,
    );
    assert.equal(tries, 1);
  });
}

test("when there is no more time, what was wrong is said", async () => {
  const time = new AbortController();
  let tries = 0;
  const work = persistently(log, time.signal, async () => {
    if (++tries === 2) time.abort();
    throw away;
  });
  await assert.rejects(work, away);
  assert.equal(tries, 2);
});
