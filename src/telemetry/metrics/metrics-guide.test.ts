import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defineApp } from '../../contracts/index.ts';
import { Facts } from '../../facts/index.ts';
import { collectMetrics } from './collect-metrics.ts';
import { HostMetrics } from './host-metrics.ts';

test('the guide lists every metric with its type, and none that is gone', async () => {
  const app = defineApp({ jobs: [], handlers: [] });
  const metrics = collectMetrics(new Facts(), app);
  const standing = { queues: [], hosts: { alive: 0, lost: 0 }, overdue: [], atRunTime: { count: 0, lagMs: 0 } };
  const host = new HostMetrics({ own: metrics, app, work: { read: async () => standing }, ask: async () => [] });
  const text = await host.text();
  metrics.stop();
  const given = [...text.matchAll(/^# TYPE ((?:shiftwork|events?)_\w+) (\w+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  const guide = readFileSync(new URL('../../../docs/guides/monitoring.md', import.meta.url), 'utf8');
  const listed = [...guide.matchAll(/^\| `((?:shiftwork|events?)_\w+)` *\|[^|]*\| (\w+) *\|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  expect(given.length).toBeGreaterThan(30);
  expect(listed.toSorted()).toEqual(given.toSorted());
});
