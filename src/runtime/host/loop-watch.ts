const LOOK_EVERY_MS = 250;

/**
 * Notices when this process did nothing else for a while: a handler that computes without a pause stops every other job, the
 * renewal of locks and the answers to the supervisor. Told at every look, with the milliseconds by which it came late. Answers a function
 * that stops watching.
 */
export function watchLoop(onLook: (lateMs: number) => void): () => void {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const lateMs = Math.max(0, Math.round(now - last - LOOK_EVERY_MS));
    last = now;
    onLook(lateMs);
  }, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
