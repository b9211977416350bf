import { expect, test } from 'vitest';
import { defineApp } from '../../contracts/index.ts';
import { Facts } from '../../facts/index.ts';
import { collectMetrics } from './collect-metrics.ts';

test('says how far projections are behind and which stands still', async () => {
  const facts = new Facts();
  const metrics = collectMetrics(facts, defineApp({ jobs: [], handlers: [] }));
  const of = { projection: 'accounts', generation: 'live' };
  const error = new Error('x');
  facts.emit('projection.lag', { ...of, events: 7, lagMs: 1_500 });
  facts.emit('projection.advanced', { ...of, events: 5, position: 9, tookMs: 1 });
  facts.emit('projection.retried', { ...of, position: 9, retryInMs: 1, error });
  facts.emit('projection.stopped', { ...of, position: 9, eventType: 'money.deposited', error });
  const text = await metrics.text();
  for (const line of [
    'shiftwork_projection_lag_events{projection="accounts"} 7',
    'shiftwork_projection_lag_seconds{projection="accounts"} 1.5',
    'shiftwork_projection_events_total{projection="accounts"} 5',
    'shiftwork_projection_failures_total{projection="accounts",outcome="stopped"} 1',
    'shiftwork_projection_stopped{projection="accounts"} 1',
  ]) {
    expect(text).toContain(line);
  }
  facts.emit('projection.started', { ...of, position: 9 });
  expect(await metrics.text()).toContain('shiftwork_projection_stopped{projection="accounts"} 0');
  metrics.stop();
});
