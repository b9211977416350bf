import { expect, test } from 'vitest';
import { Facts } from '../facts/index.ts';
import { ENGINE_AWAY, ServiceReadiness } from './service-health.ts';

test('a process is ready from when it is open until it is to stop, but for while something is away', () => {
  const facts = new Facts();
  const stop = new AbortController();
  const readiness = new ServiceReadiness({ facts, away: [ENGINE_AWAY], stop: stop.signal });
  expect(readiness.reasons()).toEqual(['It is starting.']);
  readiness.opened();
  expect(readiness.reasons()).toEqual([]);
  facts.emit('engine.lost', { engine: 'redis', error: new Error('gone') });
  expect(readiness.reasons()).toEqual(['The queue engine cannot be reached.']);
  facts.emit('engine.back', { engine: 'redis', awayMs: 1 });
  expect(readiness.reasons()).toEqual([]);
  stop.abort();
  expect(readiness.reasons()).toEqual(['It is stopping and takes nothing new.']);
});
