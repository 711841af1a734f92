/**
 * Calls a task that a Python worker runs, with Python's keyword arguments, and reads its failure. Needs a Redis and the
 * worker of python_side.py beside it: `celery -A python_side worker -Q python`. Run it: `node examples/python-side.ts`
 *
 * prints:
 *   Ann, Bob
 *   ValueError: nobody
 */
import { createClient, redisBroker, redisResults, signature, TaskFailed } from "@ccatobs/celery";

const url = process.env.CELERY_BROKER_URL ?? "redis://localhost:6379/0";
const broker = redisBroker({ url });
const results = redisResults({ url });
await Promise.all([broker.connect(), results.connect()]);
const client = createClient({ broker, results, defaultQueue: "python" });

const join = async (names: string[]) => {
  const pending = await client.apply(signature<string>("names.join", [names], { kwargs: { separator: ", " } }));
  return pending.wait(AbortSignal.timeout(30_000));
};

process.stdout.write(`${await join(["Ann", "Bob"])}\n`);
try {
  await join([]);
} catch (error) {
  if (!(error instanceof TaskFailed)) throw error;
  const { exc_type, exc_message } = error.remote;
  process.stdout.write(`${exc_type}: ${exc_message.join(" ")}\n`);
}

await Promise.all([broker.close(), results.close()]);
