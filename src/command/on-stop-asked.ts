import type { Variables } from '../config/index.ts';

const LOOK_EVERY_MS = 500;

/**
 * Calls `stop` at each SIGTERM and SIGINT, and when whoever forked this process is gone. npx and `npm run` pass on neither: they end the shell between themselves and the program, which
 * goes on without a parent and would never hear of it. So it is called as well when npm has ended under a program that it runs.
 *
 * Answers how to listen no more, for a command that ends without having been asked.
 */
export function onStopAsked(variables: Variables, stop: () => void): () => void {
  let asked = false;
  const ask = (): void => {
    asked = true;
    stop();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, ask);
  // Its starter was killed: nobody else would ever end it.
  process.once('disconnect', ask);
  const parent = process.ppid;
  const timer = isRunByNpm(variables)
    ? setInterval(() => {
        if (process.ppid === parent) return;
        clearInterval(timer);
        // After Ctrl-C the shell ends as well: that is no second request.
        if (!asked) ask();
      }, LOOK_EVERY_MS).unref()
    : undefined;
  return () => {
    // Whoever was asked is about to end: a signal that is repeated meanwhile must not kill it on its way.
    if (asked) return;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, ask);
    process.off('disconnect', ask);
    clearInterval(timer);
  };
}

/**
 * Whether npm waits for this program: its line ends with it, in the foreground. Behind `&`, below `nohup`, `setsid` or another program a
 * parent may go on purpose. npm's variables are inherited, so that alone they prove nothing.
 */
export function isRunByNpm(variables: Variables): boolean {
  if (variables['npm_command'] === undefined) return false;
  const script = variables['npm_lifecycle_script'] ?? '';
  return /(?:^|&&|;)\s*(?:\w+=\S*\s+)*(?:exec\s+)?['"]?(?:\S*\/)?(?:shiftwork|shiftwork-dashboard|node)['"]?(?:\s[^&;|]*)?$/.test(
    script,
  );
}
