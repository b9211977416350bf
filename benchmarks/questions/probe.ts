import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Asks a Redis for a small value a thousand times a second and notes what each answer takes: `node probe.ts URL`, told by its parent. */
const redis = new Redis(process.argv[2] ?? '');
let waits: number[] = [];
let asking = new AbortController();
let done: Promise<void> = Promise.resolve();

async function askUntil(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const begun = performance.now();
    await redis.get('probe');
    waits.push(performance.now() - begun);
    await pause(1);
  }
}

async function obey(word: string): Promise<void> {
  asking.abort();
  await done;
  if (word === 'begin') {
    waits = [];
    asking = new AbortController();
    done = askUntil(asking.signal);
    process.send?.([]);
    return;
  }
  if (word === 'close') await redis.quit();
  process.send?.(waits, () => {
    if (word === 'close') process.exit();
  });
}

process.on('message', (word: string) => void obey(word));
await redis.ping();
process.send?.('ready');
