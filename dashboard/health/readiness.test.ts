import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { ReadinessProbe } from './readiness.ts';

let engine: Engine;
beforeEach(() => {
  engine = openEngine({ url: `memory://${randomUUID().slice(0, 8)}`, namespace: 'r', role: 'producer' });
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await engine.close(0);
});

test('the whole check, which tries every right, is made once a minute while all is well, however often somebody asks', async () => {
  const check = vi.spyOn(engine, 'check');
  const probe = new ReadinessProbe(engine, () => true);
  for (let second = 0; second < 60; second += 3) {
    expect((await probe.ask()).ready).toBe(true);
    vi.advanceTimersByTime(3_000);
  }
  expect(check).toHaveBeenCalledTimes(1);
  await probe.ask();
  expect(check).toHaveBeenCalledTimes(2);
});

test('the engine is asked again also after the clock of this machine was set back', async () => {
  const check = vi.spyOn(engine, 'check').mockResolvedValue({
    errors: ['no'],
    warnings: [],
    version: '1',
    clockDifferenceMs: 0,
  });
  const probe = new ReadinessProbe(engine, () => true);
  await probe.ask();
  vi.setSystemTime(Date.now() - 3_600_000);
  vi.advanceTimersByTime(3_000);
  await probe.ask();
  expect(check).toHaveBeenCalledTimes(2);
});

test('while something is wrong it is made at each look, and so it is when the engine has not answered', async () => {
  const check = vi
    .spyOn(engine, 'check')
    .mockResolvedValueOnce({ errors: ['no'], warnings: [], version: '1', clockDifferenceMs: 0 });
  const probe = new ReadinessProbe(engine, () => true);
  expect(await probe.ask()).toMatchObject({ ready: false, details: ['no'] });
  vi.advanceTimersByTime(3_000);
  expect((await probe.ask()).ready).toBe(true);
  vi.spyOn(engine, 'backing').mockRejectedValueOnce(new Error('away'));
  vi.advanceTimersByTime(3_000);
  expect((await probe.ask()).ready).toBe(true);
  expect(check).toHaveBeenCalledTimes(3);
});
