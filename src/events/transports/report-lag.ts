/** States from time to time how much waits for a subscription. Returns what ends it. A question that fails is asked again the next time. */
export function reportLag(
  report: (pending: number) => void,
  pending: () => number | Promise<number>,
  everyMs: number,
): () => void {
  const ask = async (): Promise<void> => report(await pending());
  const timer = setInterval(() => void ask().catch(() => undefined), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
