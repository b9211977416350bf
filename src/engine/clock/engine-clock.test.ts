import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EngineClock, type ClockLook } from './engine-clock.ts';

const START = Date.parse('2026-11-29T12:00:00Z');

/** An engine and a machine whose clocks can be set, and a process whose own time goes on. */
function setup({ engineAheadMs = 0, roundTripMs = 0 } = {}) {
  let engine = engineAheadMs;
  let machine = 0;
  let roundTrip = roundTripMs;
  const trueNow = (): number => START + performance.now();
  vi.spyOn(Date, 'now').mockImplementation(() => Math.round(trueNow() + machine));
  const looks: ClockLook[] = [];
  const asked = vi.fn<() => Promise<number>>(async () => {
    await vi.advanceTimersByTimeAsync(roundTrip / 2);
    const said = trueNow() + engine;
    await vi.advanceTimersByTimeAsync(roundTrip / 2);
    return said;
  });
  const clock = new EngineClock(asked);
  clock.onLook(look => looks.push(look));
  return {
    clock,
    asked,
    looks,
    trueNow,
    setEngine: (aheadMs: number) => (engine = aheadMs),
    setMachine: (aheadMs: number) => (machine = aheadMs),
    setRoundTrip: (ms: number) => (roundTrip = ms),
  };
}

describe('EngineClock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }));
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("is the machine's clock until the engine has said its time, and the engine's from then on", async () => {
    const { clock, trueNow, setMachine } = setup();
    setMachine(600_000);
    expect(clock.now() - trueNow()).toBeCloseTo(600_000, -1);
    expect(clock.differenceMs).toBeUndefined();
    await clock.known();
    expect(clock.now() - trueNow()).toBeCloseTo(0, -1);
    expect(clock.differenceMs).toBeCloseTo(600_000, -1);
    clock.stop();
  });

  test.each([600_000, -600_000])('a machine whose clock is set by %i ms changes nothing', async stepMs => {
    const { clock, trueNow, setMachine, looks } = setup();
    await clock.look();
    setMachine(stepMs);
    expect(clock.now() - trueNow()).toBeCloseTo(0, -1);
    await clock.look();
    expect(clock.now() - trueNow()).toBeCloseTo(0, -1);
    expect(looks.at(-1)).toMatchObject({ steppedMs: 0 });
    expect(looks.at(-1)?.differenceMs).toBeCloseTo(stepMs, -1);
    clock.stop();
  });

  test.each([3_600_000, -3_600_000, 2_000])(
    'an engine whose clock steps by %i ms is followed, and said to have stepped',
    async stepMs => {
      const { clock, trueNow, setEngine, looks } = setup();
      await clock.look();
      setEngine(stepMs);
      await clock.look();
      expect(clock.now() - trueNow()).toBeCloseTo(stepMs, -1);
      expect(looks.at(-1)?.steppedMs).toBeCloseTo(stepMs, -2);
      await clock.look();
      expect(looks.at(-1)?.steppedMs).toBe(0);
      clock.stop();
    },
  );

  test('one odd answer is no step', async () => {
    const { clock, trueNow, asked, looks } = setup();
    await clock.look();
    asked.mockResolvedValueOnce(trueNow() + 3_600_000);
    await clock.look();
    expect(looks.at(-1)?.steppedMs).toBe(0);
    expect(clock.now() - trueNow()).toBeCloseTo(0, -1);
    clock.stop();
  });

  test('a machine that slept is no engine that has stepped', async () => {
    const { clock, trueNow, setEngine, setMachine, looks } = setup();
    await clock.look();
    // Its own time stood still for an hour: all others are an hour further.
    setEngine(3_600_000);
    setMachine(3_600_000);
    await clock.look();
    expect(looks.at(-1)?.steppedMs).toBe(0);
    expect(clock.now() - trueNow()).toBeCloseTo(3_600_000, -1);
    clock.stop();
  });

  test('an answer that was long on its way does not spoil what is known', async () => {
    const { clock, trueNow, setRoundTrip, looks } = setup();
    await clock.look();
    setRoundTrip(4_000);
    await clock.look();
    expect(Math.abs(clock.now() - trueNow())).toBeLessThan(10);
    expect(looks.at(-1)?.boundMs).toBeLessThan(10);
    clock.stop();
  });

  test('of two moments the later one is never the earlier, whatever a better answer says', async () => {
    const { clock, setRoundTrip, setEngine } = setup({ engineAheadMs: 900, roundTripMs: 3_000 });
    await clock.look();
    const before = clock.now();
    setRoundTrip(0);
    setEngine(0);
    await clock.look();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    clock.stop();
  });

  test('goes on counting where the engine does not answer', async () => {
    const { clock, trueNow, asked } = setup({ engineAheadMs: 5_000 });
    await clock.look();
    asked.mockRejectedValue(new Error('away'));
    await vi.advanceTimersByTimeAsync(60_000);
    await clock.look();
    expect(clock.now() - trueNow()).toBeCloseTo(5_000, -1);
    clock.stop();
  });

  test('looks again and again while somebody asks for the time, and not for nobody', async () => {
    const { clock, asked } = setup();
    await clock.look();
    asked.mockClear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).not.toHaveBeenCalled();
    clock.now();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked).toHaveBeenCalledTimes(1);
    clock.stop();
    clock.now();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test("looks at once when the machine's clock was set", async () => {
    const { clock, asked, setMachine } = setup();
    await clock.look();
    asked.mockClear();
    setMachine(10_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveBeenCalledTimes(1);
    clock.stop();
  });
});
