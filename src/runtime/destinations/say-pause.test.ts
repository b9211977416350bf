import { afterEach, expect, test, vi } from 'vitest';
import { memoryCase } from '../../../tests/support/memory-case.ts';
import { CLOSED } from '../../resilience/index.ts';
import { MemoryStateStore, openState } from '../../state/index.ts';
import { CallTrial } from './call-trial.contract-suite.ts';
import { storedForm, type DestinationState } from './destination-state.ts';
import { sayPause } from './say-pause.ts';
import { DESTINATIONS, SharedBreaker } from './shared-breaker.ts';
import { tryDestination } from './try-destination.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const KEY = 'calls/a.example';
const open = (until: number, changedAt: number): DestinationState => ({
  breaker: { phase: 'open', until, openings: 1, changedAt },
  quietUntil: 0,
});

afterEach(() => vi.restoreAllMocks());

test('whoever says a pause after others have changed what is shared says theirs: none lasts that was ended in the same instant', async () => {
  const said: string[] = [];
  const groups = {
    pauseGroup: async (_: string, { until }: { readonly until: number }) => void said.push(`until ${until - NOW}`),
    resumeGroup: async () => void said.push('resumed'),
  };
  const later = [
    { state: open(NOW, NOW), version: 2 },
    { state: { breaker: CLOSED, quietUntil: 0 }, version: 3 },
  ];
  const read = async () => later.shift() ?? { state: { breaker: CLOSED, quietUntil: 0 }, version: 3 };
  const last = await sayPause(groups, 'g', { state: open(NOW + 72_000, NOW), version: 1 }, () => NOW, read);
  expect(said).toEqual(['until 72000', 'until 0', 'resumed']);
  expect(last.breaker.phase).toBe('closed');
});

test('a try that somebody was quicker than tries what is so by then, and the group is paused as is shared', async () => {
  const place = memoryCase(NOW);
  const trial = new CallTrial(place);
  await trial.start({ concurrency: 1 });
  try {
    const { engine } = trial;
    const store = await openState(engine);
    const breaker = new SharedBreaker(store, () => engine.clock.now());
    await store.set(DESTINATIONS, KEY, storedForm(open(NOW + 3_600_000, NOW)), 86_400_000);
    const written = vi.spyOn(MemoryStateStore.prototype, 'compareAndSet');
    written.mockImplementationOnce(async () => {
      // Another host has found it sick again.
      await store.set(DESTINATIONS, KEY, storedForm(open(NOW + 7_200_000, NOW + 1)), 86_400_000);
      return undefined;
    });
    expect(await tryDestination(engine, KEY)).toBe(true);
    expect(written).toHaveBeenCalledTimes(2);
    const { state } = await breaker.read(KEY);
    expect(state.breaker).toMatchObject({ phase: 'open', changedAt: NOW + 1 });
    const [pause] = await (await engine.turns('calls')).pauses();
    expect(state.breaker).toMatchObject({ until: pause?.until });
    expect(pause?.until).toBeLessThanOrEqual(engine.clock.now());
  } finally {
    await trial.close();
  }
});
