/** What {@link setTimeout} can wait for, in ms; beyond it fires at once. */
const longestTimer = 2 ** 31 - 1;

/** Calls `act` once after so many ms, however many. Returns what takes that back. */
export function after(ms: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number) => {
    timer = setTimeout(() => (left > longestTimer ? wait(left - longestTimer) : act()), Math.min(left, longestTimer));
  };
  wait(ms);
  return () => clearTimeout(timer);
}
