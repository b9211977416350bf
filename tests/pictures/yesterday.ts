import type { Engine } from '../../src/engine/index.ts';
import { HOUR, JournalWriter, MINUTE, openJournal } from '../../src/journal/index.ts';
import { confirmation, invoice, push, visit, welcome } from './pictures.config.ts';

/** Jobs a minute, how long each waits and runs in milliseconds, and every which one fails. */
const USUAL = [
  [confirmation, 12, 240, 310, 0],
  [welcome, 4, 90, 120, 0],
  [visit, 60, 12, 15, 0],
  [push, 9, 60, 80, 23],
  [invoice, 6, 400, 340, 9],
] as const;

/** Writes a day of history as workers would have, with another clock: a slow quarter of an hour in it, a deploy, and a crash. */
export async function writeYesterday(engine: Engine): Promise<void> {
  let now = 0;
  const writer = new JournalWriter({
    worker: 'worker-1/1',
    host: 'worker-1',
    release: '4f2b',
    store: () => openJournal(engine),
    succeededBytes: 64 * 1_048_576,
    now: () => now,
  });
  const end = Math.floor(engine.clock.now() / MINUTE) * MINUTE;
  for (let at = end - 24 * HOUR; at < end; at += end - at > HOUR ? 15 * MINUTE : MINUTE) {
    now = at;
    const wave = 1 + 0.5 * Math.sin((at / HOUR) * 1.3) + 0.2 * Math.sin(at / (7 * MINUTE));
    const isSlow = Math.abs(end - 40 * MINUTE - at) < 5 * MINUTE;
    const isLate = end - at <= 20 * MINUTE;
    for (const [{ name, queue }, perMinute, waits, runs, fails] of USUAL) {
      const count = Math.round(perMinute * wave);
      for (let n = 0; n < count; n += 1) {
        const spread = 0.6 + ((n * 37) % 100) / 100;
        const waitedMs = waits * spread * (isSlow ? 30 : 1);
        if (fails > 0 && isLate && n % fails === 0) {
          const of = { jobId: `${queue}-${at}-${n}`, jobName: name, queue, outcome: 'retried' as const, attempt: 1 };
          writer.run({ ...of, correlationId: of.jobId, tags: [], endedAt: at, waitedMs, ranMs: runs * spread });
        } else writer.count(name, queue, waitedMs, runs * spread);
      }
    }
    for (const queue of ['email', 'analytics', 'notification', 'documents']) {
      const unfinished = isSlow && queue === 'email' ? 40 : 2;
      writer.depth({ at, queue, unfinished, waiting: unfinished, held: 0, oldestDueMs: undefined });
    }
    await writer.flush();
  }
  writer.mark({ kind: 'deploy', at: end - 20 * MINUTE, text: 'Release 4f2c' });
  writer.mark({
    kind: 'crash',
    at: end - 43 * MINUTE,
    text: 'The process worker-2/1 ended by SIGKILL',
    queue: 'email',
  });
  await writer.close();
}
