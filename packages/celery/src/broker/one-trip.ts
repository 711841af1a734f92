/**
 * Gathers the calls of one turn of the event loop and does them together, in their order; each caller gets its own answer.
 * What is asked alone goes out at the end of the turn too: that costs no time, since nothing is sent before it.
 *
 * @param run  answers for each call, in order; when it rejects, all of them are rejected
 * @param most  calls that go together at most; more are done in several goes
 */
export function oneTrip<Call, Answer>(
  run: (calls: readonly Call[]) => Promise<readonly Answer[]>,
  most: number,
): (call: Call) => Promise<Answer> {
  let gathered: Waiting<Call, Answer>[] = [];

  async function go(trip: readonly Waiting<Call, Answer>[]): Promise<void> {
    try {
      const answers = await run(trip.map(({ call }) => call));
      for (const [i, { resolve }] of trip.entries()) resolve(answers[i]!);
    } catch (error) {
      for (const { reject } of trip) reject(error);
    }
  }

  function flush(): void {
    const trip = gathered;
    gathered = [];
    for (let first = 0; first < trip.length; first += most) void go(trip.slice(first, first + most));
  }

  return (call) =>
    new Promise((resolve, reject) => {
      if (gathered.length === 0) setImmediate(flush);
      gathered.push({ call, resolve, reject });
    });
}

interface Waiting<Call, Answer> {
  call: Call;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}
