import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { isRetryable, retry } from './retry.ts';

const refused = (): Error => Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
const QUICK = { baseDelay: 1, maxDelay: 2 } as const;

describe('retry', () => {
  test('calls again until it succeeds, telling the attempt', async () => {
    const call = vi.fn<(attempt: number) => number>(attempt => {
      if (attempt < 3) throw refused();
      return attempt;
    });
    expect(await retry(call, QUICK)).toBe(3);
    expect(call.mock.calls.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
  });

  test('rejects with the last error after the last attempt', async () => {
    let count = 0;
    const call = () => Promise.reject(Object.assign(refused(), { count: (count += 1) }));
    await expect(retry(call, { ...QUICK, maxAttempts: 4 })).rejects.toMatchObject({ count: 4 });
  });

  test('an error that a repeat cannot help is thrown at once', async () => {
    const call = vi.fn<() => never>(() => {
      throw new TypeError('a bug');
    });
    await expect(retry(call, QUICK)).rejects.toThrow('a bug');
    expect(call).toHaveBeenCalledTimes(1);
  });

  test('no wait is begun that would pass the deadline', async () => {
    const call = vi.fn<() => never>(() => {
      throw refused();
    });
    vi.spyOn(Math, 'random').mockReturnValue(1);
    await expect(retry(call, { maxAttempts: 9, baseDelay: '1h', maxDelay: '1h', deadline: '1s' })).rejects.toThrow(
      'no',
    );
    vi.restoreAllMocks();
    expect(call).toHaveBeenCalledTimes(1);
  });

  test.each([600_000, -600_000])('a clock that is set by %i ms does not move the deadline', async stepMs => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    vi.spyOn(Math, 'random').mockReturnValue(1);
    onTestFinished(() => void vi.restoreAllMocks());
    const call = vi.fn<() => never>(() => {
      throw refused();
    });
    const outcome = retry(call, { maxAttempts: 99, baseDelay: '1s', maxDelay: '1s', deadline: '4500ms' }).catch(
      (error: unknown) => error,
    );
    vi.setSystemTime(Date.now() + stepMs);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await outcome).toMatchObject({ code: 'ECONNREFUSED' });
    expect(call).toHaveBeenCalledTimes(5);
  });

  test('a signal ends the wait with its reason', async () => {
    const controller = new AbortController();
    const retrying = retry(
      () => {
        queueMicrotask(() => controller.abort(new Error('enough')));
        throw refused();
      },
      { baseDelay: '1h', maxDelay: '1h', signal: controller.signal },
    );
    await expect(retrying).rejects.toThrow('enough');
  });

  test('a wait that no timer can hold is a long one, not none', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const call = vi.fn<() => never>(() => {
      throw refused();
    });
    const controller = new AbortController();
    const retrying = retry(call, { baseDelay: '52w', maxDelay: '52w', signal: controller.signal });
    retrying.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(10);
    expect(call).toHaveBeenCalledTimes(1);
    controller.abort(new Error('enough'));
    await expect(retrying).rejects.toThrow('enough');
  });

  test('the deadline ends a call that never settles, and tells it so', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let given: AbortSignal | undefined;
    const retrying = retry(
      (_attempt, signal) => {
        given = signal;
        return new Promise<never>(() => undefined);
      },
      { deadline: 200 },
    );
    const ended = retrying.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(200);
    expect(await ended).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(given?.aborted).toBe(true);
  });

  test('a second call that never settles is ended by the same deadline', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const retrying = retry(
      attempt => {
        if (attempt === 1) throw refused();
        return new Promise<never>(() => undefined);
      },
      { ...QUICK, deadline: 200 },
    );
    const ended = retrying.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(200);
    expect(await ended).toMatchObject({ code: 'CALL_TIMEOUT' });
  });

  test('a signal ends a call that never settles', async () => {
    const controller = new AbortController();
    const retrying = retry(() => new Promise<never>(() => undefined), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(retrying).rejects.toThrow('enough');
  });

  test('a number of attempts that is none is refused', async () => {
    await expect(retry(() => 1, { maxAttempts: 0 })).rejects.toThrow('maxAttempts');
  });
});

describe('isRetryable', () => {
  test.each([
    ['a code', refused(), true],
    ['a code on a cause', new Error('a', { cause: new Error('b', { cause: refused() }) }), true],
    ['the first of several', new AggregateError([refused()]), true],
    ['no code', new Error('x'), false],
    ['another code', Object.assign(new Error('x'), { code: 'EACCES' }), false],
    ['no error', 'ECONNREFUSED', false],
  ] as const)('%s', (_, error, expected) => {
    expect(isRetryable(error)).toBe(expected);
  });

  test('a chain that bites its tail ends', () => {
    const error = new Error('a');
    error.cause = error;
    expect(isRetryable(error)).toBe(false);
  });
});
