import { describe, expect, test, vi, beforeEach, afterEach } from 'vitest';
import { CircuitOpenError } from './circuit-open-error.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

const down = (): Promise<never> => Promise.reject(new Error('down'));

describe('CircuitBreaker', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function openOne(options = {}): Promise<CircuitBreaker> {
    const breaker = new CircuitBreaker({ name: 'search', failures: 2, ...options });
    for (let call = 0; call < 2; call += 1) await expect(breaker.run(down)).rejects.toThrow('down');
    return breaker;
  }

  test('open, it throws its own error without calling', async () => {
    const breaker = await openOne();
    const call = vi.fn<() => number>(() => 1);
    await expect(breaker.run(call)).rejects.toThrow(CircuitOpenError);
    await expect(breaker.run(call)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(call).not.toHaveBeenCalled();
  });

  test.each([600_000, -600_000])(
    'a clock that is set by %i ms neither ends its pause nor prolongs it',
    async stepMs => {
      const breaker = await openOne();
      vi.setSystemTime(Date.now() + stepMs);
      await expect(breaker.run(() => 1)).rejects.toThrow(CircuitOpenError);
      vi.advanceTimersByTime(30_000);
      expect(await breaker.run(() => 'probe')).toBe('probe');
    },
  );

  test('after the pause one call at a time finds out, and enough of them close it', async () => {
    const breaker = await openOne({ probes: 2 });
    vi.advanceTimersByTime(30_000);
    const slow = Promise.withResolvers<string>();
    const probe = breaker.run(() => slow.promise);
    await expect(breaker.run(() => 'second')).rejects.toMatchObject({ retryAfterMs: 0 });
    slow.resolve('first');
    expect(await probe).toBe('first');
    expect(breaker.phase).toBe('probing');
    expect(await breaker.run(() => 'third')).toBe('third');
    expect(breaker.phase).toBe('closed');
  });

  test('a crowd that fails together opens it once: the pause is not prolonged', async () => {
    const breaker = new CircuitBreaker({ name: 'search', failures: 2 });
    await Promise.allSettled(Array.from({ length: 10 }, () => breaker.run(down)));
    vi.advanceTimersByTime(30_000);
    expect(await breaker.run(() => 'probe')).toBe('probe');
  });

  test('an option that is undefined has its default', async () => {
    const breaker = await openOne({ failures: undefined, probes: undefined });
    expect(breaker.phase).toBe('closed');
    for (let call = 0; call < 3; call += 1) await expect(breaker.run(down)).rejects.toThrow('down');
    expect(breaker.phase).toBe('open');
  });

  test.each([
    ['failures', Number.NaN],
    ['failures', 0],
    ['probes', 1.5],
    ['withinMs', Number.NaN],
    ['pauseMs', '30s'],
    ['maxPauseMs', -1],
    ['timeoutMs', 0],
  ])('%s of %s is refused by name', (field, value) => {
    expect(() => new CircuitBreaker({ name: 'search', [field]: value })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(`Expected ${field} of`) }),
    );
  });

  test('a call that never settles has failed after its time, whatever counts, and opens it', async () => {
    const breaker = new CircuitBreaker({ name: 'search', failures: 1, timeoutMs: 500, counts: () => false });
    const ended = breaker.run(() => new Promise<never>(() => undefined)).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(500);
    expect(await ended).toMatchObject({
      code: 'CALL_TIMEOUT',
      message: expect.stringContaining('"search"'),
    });
    expect(breaker.phase).toBe('open');
  });

  test('a probe that never settles does not keep it open for ever', async () => {
    const breaker = await openOne({ probes: 1, timeoutMs: 500, pauseMs: 1_000, maxPauseMs: 1_000 });
    vi.advanceTimersByTime(1_000);
    let given: AbortSignal | undefined;
    const probe = breaker.run(signal => {
      given = signal;
      return new Promise<never>(() => undefined);
    });
    const ended = probe.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(500);
    expect(await ended).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(given?.aborted).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(await breaker.run(() => 'back')).toBe('back');
    expect(breaker.phase).toBe('closed');
  });

  test('an error that does not count keeps it closed', async () => {
    const breaker = new CircuitBreaker({ name: 'search', failures: 1, counts: () => false });
    await expect(breaker.run(down)).rejects.toThrow('down');
    expect(breaker.phase).toBe('closed');
  });
});
