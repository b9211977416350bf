/**
 * Whether a function that has to answer at once has answered with a promise, as an `async` one does. Its rejection is heard here: nobody else waits for it,
 * and one that nobody hears ends the process. Never throws.
 */
export function answeredLate(answer: unknown): boolean {
  try {
    if (typeof answer !== 'object' || answer === null || !('then' in answer) || typeof answer.then !== 'function')
      return false;
    Promise.resolve(answer).catch(() => undefined);
    return true;
  } catch {
    return false;
  }
}
