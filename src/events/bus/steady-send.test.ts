import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BusUnavailableError } from './bus-unavailable-error.ts';
import { SteadySend } from './steady-send.ts';

const away = () => new BusUnavailableError('test', 'the event', 'it is away');
const failing = (error: Error) => vi.fn<() => Promise<void>>().mockRejectedValue(error);

describe('publishing', () => {
  // Deadline and pauses are counted by a clock that stands still, however slow the machine.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('tries again a few times, and says in the end that it failed', async () => {
    const steady = new SteadySend('test', { baseDelay: 1 });
    const flaky = failing(away());
    flaky.mockRejectedValueOnce(away()).mockRejectedValueOnce(away()).mockResolvedValueOnce(undefined);
    await steady.send('the event', flaky);
    expect(flaky).toHaveBeenCalledTimes(3);
    const broken = failing(away());
    await expect(steady.send('the event', broken)).rejects.toThrow('it is away');
    expect(broken).toHaveBeenCalledTimes(3);
  });

  test('passes on at once what is no outage, and does not hold it against the transport', async () => {
    const steady = new SteadySend('test', { baseDelay: 1 });
    const wrong = failing(new Error('wrong'));
    for (let index = 0; index < 10; index += 1) {
      await expect(steady.send('the event', wrong)).rejects.toThrow('wrong');
    }
    expect(wrong).toHaveBeenCalledTimes(10);
  });

  test('a number of tries that is none is refused at once, not at the first outage', () => {
    for (const attempts of [0, -1, 1.5, Number.NaN]) {
      expect(() => new SteadySend('test', { attempts })).toThrow('attempts of retry to be an integer from 1 to 100');
    }
  });

  test('tries again in its time although the clock is set by 10 minutes meanwhile', async () => {
    const steady = new SteadySend('test', { baseDelay: 1 });
    const flaky = vi.fn<() => Promise<void>>(async () => {
      vi.setSystemTime(Date.now() + 600_000);
      if (flaky.mock.calls.length < 3) throw away();
    });
    await steady.send('the event', flaky);
    expect(flaky).toHaveBeenCalledTimes(3);
  });

  test('stops asking a transport that is away, and says that it was not asked', async () => {
    const steady = new SteadySend('test', { attempts: 1 });
    const send = failing(away());
    for (let index = 0; index < 8; index += 1) {
      await expect(steady.send('the event', send)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    }
    expect(send).toHaveBeenCalledTimes(5);
    await expect(steady.send('the event', send)).rejects.toThrow('asked again in a moment');
  });
});
