import { expect, test, vi } from 'vitest';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { openEngine } from '../../engine/index.ts';
import { openJournal } from '../open-journal.ts';
import { newRuns } from './new-runs.ts';

test('where nothing is seen for hours a look goes back a few minutes all the same', async () => {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  const store = await openJournal(engine);
  const looks = vi.spyOn(store, 'list');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const stop = new AbortController();
  const begun = Date.now();
  let hours = 0;
  // An hour passes between two looks.
  const now = (): number => begun + 3_600_000 * hours++;
  try {
    const runs = newRuns(store, { queue: 'quiet', outcomes: ['dead'] }, { since: begun, now, signal: stop.signal });
    const none = runs.next();
    while (looks.mock.calls.length < 3) await vi.advanceTimersByTimeAsync(1_000);
    stop.abort();
    expect((await none).done).toBe(true);
    const [, span] = looks.mock.calls[2] ?? [];
    expect(span?.from).toBeGreaterThan(begun + 40 * 60_000);
  } finally {
    vi.useRealTimers();
    await engine.close();
  }
});
