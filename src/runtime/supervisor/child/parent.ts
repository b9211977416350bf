import type { FromWorker, ToWorker } from './messages.ts';

/** A worker's view of its supervisor. */
export interface Parent {
  say(message: FromWorker): void;
  /** One listener; what was said before it came is not lost. */
  onMessage(listener: (message: ToWorker) => void): void;
  /** Called once when the supervisor has ended, or has been silent for `silenceMs` of this process's own waking time. */
  onLost(silenceMs: number, listener: () => void): void;
}

const TICK_MS = 500;

/** The supervisor at the other end of this process's IPC channel; undefined when there is none. */
export function parentOfProcess(): Parent | undefined {
  if (process.send === undefined) return undefined;
  const waiting: ToWorker[] = [];
  let listener: ((message: ToWorker) => void) | undefined;
  let silentTicks = 0;
  process.on('message', (message: ToWorker) => {
    silentTicks = 0;
    if (listener === undefined) waiting.push(message);
    else listener(message);
  });
  return {
    say(message) {
      if (process.connected) process.send?.(message, () => undefined);
    },
    onMessage(next) {
      listener = next;
      for (const message of waiting.splice(0)) next(message);
    },
    onLost(silenceMs, lost) {
      let notified = false;
      const notify = (): void => {
        if (notified) return;
        notified = true;
        clearInterval(timer);
        lost();
      };
      // Ticks are counted, not time: a handler that blocks this process for a minute makes one tick late, and the supervisor's
      // words are read before the next.
      const timer = setInterval(() => {
        silentTicks += 1;
        if (silentTicks * TICK_MS >= silenceMs) notify();
      }, TICK_MS).unref();
      process.once('disconnect', notify);
      if (!process.connected) notify();
    },
  };
}
