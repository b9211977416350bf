/** In so many parts a limit is counted. */
const PARTS = 16;

/**
 * Calls `late` once when the limit is over, counted in turns of this process's loop: each part of the limit counts once, however late its turn comes.
 * So a process that stood still (it was stopped, starved of its processor, or busy with one long computation) does not take its own absence for the
 * server's: what was answered meanwhile is read before the next turn counts.
 * @param moved the limit begins anew whenever its answer is another one
 * @returns ends it
 */
export function afterOwnTime(limitMs: number, late: () => void, moved: () => unknown = () => undefined): () => void {
  let left = PARTS;
  let seen = moved();
  const timer = setInterval(() => {
    const now = moved();
    left = now === seen ? left - 1 : PARTS;
    seen = now;
    if (left > 0) return;
    clearInterval(timer);
    late();
  }, limitMs / PARTS);
  return () => clearInterval(timer);
}
