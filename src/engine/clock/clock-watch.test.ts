import { describe, expect, test, vi } from 'vitest';
import { Facts } from '../../facts/index.ts';
import { ClockWatch } from './clock-watch.ts';
import { EngineClock, type ClockLook } from './engine-clock.ts';

/** A clock that finds what the test says. */
class FakeClock extends EngineClock {
  readonly #listeners = new Set<(look: ClockLook) => void>();

  constructor() {
    super(() => Promise.reject(new Error('nobody asks')));
  }

  override now(): number {
    return 1_000_000;
  }

  override onLook(listener: (look: ClockLook) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async report(differenceMs: number, steppedMs = 0): Promise<void> {
    for (const listener of this.#listeners) listener({ differenceMs, steppedMs, boundMs: 1 });
    await new Promise(resolve => setImmediate(resolve));
  }
}

function setup(others: () => readonly number[] = () => []) {
  const facts = new Facts();
  const said: unknown[] = [];
  facts.on('clock.differs', ({ fields: { whose, differenceMs } }) => said.push([whose, differenceMs]));
  facts.on('clock.agrees', () => said.push('agrees'));
  const clock = new FakeClock();
  const watch = new ClockWatch({ clock, engine: 'redis', facts, others: async () => others() });
  return { clock, watch, said };
}

describe('ClockWatch', () => {
  test('one host whose clock is wrong is named, once, and the engine is not doubted', async () => {
    const { clock, watch, said } = setup();
    await clock.report(3);
    for (const differenceMs of [600_000, 600_010, 600_020]) await clock.report(differenceMs);
    expect(watch.doubted).toBe(false);
    expect(watch.hostsNow()).toBe(1_000_000);
    await clock.report(2);
    expect(said).toEqual([['host', 600_000], 'agrees']);
  });

  test('the one that differs from others who agree is named, also when the half of them differ', async () => {
    const { clock, watch, said } = setup(() => [0, 2, 600_000]);
    await clock.report(600_000);
    expect(watch.doubted).toBe(false);
    expect(said).toEqual([['host', 600_000]]);
  });

  test("the engine is named when most hosts differ to the same side, and the hosts' time is theirs", async () => {
    const { clock, watch, said } = setup(() => [-600_100, 0]);
    await clock.report(-600_000);
    expect(watch.doubted).toBe(true);
    expect(watch.hostsNow()).toBe(1_000_000 - 600_000);
    expect(said).toEqual([['engine', -600_000]]);
    await clock.report(0);
    expect(watch.doubted).toBe(false);
  });

  test('hosts that differ to the same side, each by another time, say nothing about the engine', async () => {
    const { clock, watch, said } = setup(() => [2 * 86_400_000, 400 * 86_400_000, 0]);
    await clock.report(86_400_000);
    expect(watch.doubted).toBe(false);
    expect(watch.hostsNow()).toBe(1_000_000);
    expect(said).toEqual([['host', 86_400_000]]);
  });

  test('hosts that differ to both sides say nothing about the engine', async () => {
    const { clock, watch } = setup(() => [-600_000]);
    await clock.report(600_000);
    expect(watch.doubted).toBe(false);
  });

  test("an engine that steps is named, and the hosts' time goes on as before", async () => {
    const { clock, watch, said } = setup(() => [0]);
    await clock.report(0);
    await clock.report(-3_600_000, 3_600_000);
    expect(watch.doubted).toBe(true);
    expect(watch.hostsNow()).toBe(1_000_000 - 3_600_000);
    expect(said).toEqual([['engine', -3_600_000]]);
    await clock.report(0, -3_600_000);
    expect(watch.doubted).toBe(false);
    expect(watch.hostsNow()).toBe(1_000_000);
  });

  test('an engine that is set right is not doubted', async () => {
    const { clock, watch, said } = setup();
    await clock.report(-5_000);
    await clock.report(0, -5_000);
    expect(watch.doubted).toBe(false);
    expect(said).toEqual([['host', -5_000], 'agrees']);
  });

  test("a step is doubted for ten minutes where this machine's clock was wrong before", async () => {
    const { clock, watch } = setup();
    const own = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    await clock.report(600_000);
    await clock.report(590_000, 10_000);
    expect(watch.doubted).toBe(true);
    own.mockReturnValue(1_000 + 601_000);
    await clock.report(590_000);
    expect(watch.doubted).toBe(false);
    own.mockRestore();
  });

  test('what others have said before a step does not clear the engine', async () => {
    const { clock, watch } = setup(() => [0, 0, 0]);
    await clock.report(0);
    await clock.report(-60_000, 60_000);
    await clock.report(-60_000);
    expect(watch.doubted).toBe(true);
  });

  test('a difference is stated again when it has changed by a second', async () => {
    const { clock, said } = setup();
    for (const differenceMs of [5_000, 5_900, 6_100]) await clock.report(differenceMs);
    expect(said).toEqual([
      ['host', 5_000],
      ['host', 6_100],
    ]);
  });
});
