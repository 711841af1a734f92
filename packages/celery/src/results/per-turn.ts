/**
 * Collects what is asked for in one turn of the event loop and does it in one go, in its order; everybody gets the answer
 * to his own, or the error that befell all.
 *
 * @param most  does at most so many in one go
 */
export function perTurn<Job, Answer>(
  act: (jobs: readonly Job[]) => Promise<readonly Answer[]>,
  most: number,
): (job: Job) => Promise<Answer> {
  let waiting: { job: Job; resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];

  function flush(): void {
    const batch = waiting;
    waiting = [];
    for (let from = 0; from < batch.length; from += most) void run(batch.slice(from, from + most));
  }

  async function run(batch: typeof waiting): Promise<void> {
    try {
      const answers = await act(batch.map(({ job }) => job));
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return (job) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ job, resolve, reject }) === 1) setImmediate(flush);
    });
}
