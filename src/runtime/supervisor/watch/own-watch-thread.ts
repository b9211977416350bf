import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { DEBUGGED, TURNS, type OwnWatchData } from './own-watch.ts';
import { sampleMainThread } from './sample-main-thread.ts';

const LOOK_EVERY_MS = 250;
/** Silence that is worth a line, and then again whenever it has lasted twice as long. */
const BLOCKED_MS = 1_000;
/** A look that comes so late says that the whole process slept. */
const LATE_MS = 1_000;
const STDERR = 2;

const { turns, worker, withStack }: OwnWatchData = workerData;
const numbers = new Int32Array(turns);
let seen = -1;
let since = performance.now();
let lookedAt = since;
let sayAfterMs = BLOCKED_MS;
let stackSaid: readonly string[] | undefined;

setInterval(look, LOOK_EVERY_MS);

function look(): void {
  const now = performance.now();
  const turned = Atomics.load(numbers, TURNS);
  const late = now - lookedAt >= LOOK_EVERY_MS + LATE_MS;
  lookedAt = now;
  if (turned !== seen || late || Atomics.load(numbers, DEBUGGED) === 1) {
    // It reads this when its event loop turns again.
    if (stackSaid !== undefined) parentPort?.postMessage(stackSaid, []);
    stackSaid = undefined;
    seen = turned;
    since = now;
    sayAfterMs = BLOCKED_MS;
    return;
  }
  if (now - since < sayAfterMs) return;
  sayAfterMs *= 2;
  const blockedMs = Math.round(now - since);
  if (withStack) sampleMainThread(stack => say(blockedMs, stack));
  else say(blockedMs, []);
}

/** As the log lines of a worker: the main thread cannot write one now. */
function say(blockedMs: number, stack: readonly string[]): void {
  stackSaid = stack;
  const time = new Date().toISOString();
  try {
    writeSync(STDERR, `${JSON.stringify({ level: 'warn', time, fact: 'worker.blocked', worker, blockedMs, stack })}\n`);
  } catch {
    // Nobody reads it.
  }
}
