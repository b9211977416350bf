/** Resolves when the work has ended, well or not, and at that time (`performance.now()`) at the latest. */
export async function settledBy(endsAt: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>(resolve => {
    timer = setTimeout(resolve, Math.max(0, endsAt - performance.now()));
  });
  await Promise.race([work.catch(() => undefined), over]);
  clearTimeout(timer);
}
