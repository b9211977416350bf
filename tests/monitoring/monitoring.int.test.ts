import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, defineSchedule, react } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { SharedStanding } from '../../src/standing/index.ts';
import { loadMetrics } from '../../src/telemetry/index.ts';
import { parseExposition, type Sample } from '../support/exposition.ts';
import { programPath } from '../support/required-programs.ts';
import { GRAFANA_DASHBOARD } from './grafana-schema.ts';

const run = promisify(execFile);
const pathOf = (file: string): string => new URL(file, import.meta.url).pathname;
const RULES = '../../docs/monitoring/prometheus-rules.yml';
const DASHBOARD = '../../docs/monitoring/grafana-dashboard.json';

/** Told by a relay, or by whoever runs the projection or finds the queue: elsewhere a 0 would say what nobody knows. */
const TOLD_BY_ONE = new Set([
  'shiftwork_outbox_oldest_seconds',
  'shiftwork_outbox_pending',
  'event_subscription_pending',
  'shiftwork_projection_stopped',
  'shiftwork_unnamed_queue_depth',
]);

test.each(['quiet-day.yml', 'slow-burn.yml', 'incidents.yml'])(
  'promtool finds that the rules raise what they should, and nothing else: %s',
  async file => {
    const { stdout } = await run(programPath('promtool'), ['test', 'rules', pathOf(file)]);
    expect(stdout).toContain('SUCCESS');
  },
);

test('every series that a rule or a panel reads is there from the first scrape, also for a contract that was added a moment ago', async () => {
  const added = defineJob({ queue: 'added', name: 'added-job', schema: z.object({}) });
  const moved = defineEvent('thing.moved', { schema: z.object({}) });
  const app = defineApp({
    jobs: [added],
    handlers: [],
    reactions: [react(moved, 'follow', () => [])],
    schedules: [defineSchedule({ name: 'hourly', job: added, data: {}, every: '1h' })],
  });
  const samples = await firstScrape(app);
  const names = [...namesIn(readFileSync(pathOf(RULES), 'utf8')), ...namesIn(readFileSync(pathOf(DASHBOARD), 'utf8'))];
  expect(names.length).toBeGreaterThan(30);
  const missing = names.filter(name => !TOLD_BY_ONE.has(name) && !samples.some(sample => sample.name === name));
  expect(missing).toEqual([]);
  const counted = ['shiftwork_jobs_dead_total', 'shiftwork_jobs_isolated_total', 'shiftwork_queue_held'];
  const ofAdded = samples.filter(({ name, labels }) => counted.includes(name) && labels['queue'] === 'added');
  expect([...new Set(ofAdded.map(({ name }) => name))].toSorted()).toEqual(counted.toSorted());
  expect(ofAdded.filter(({ value }) => value !== 0)).toEqual([]);
});

test('between two buckets of the waiting time no quantile is off by more than two and a half times', async () => {
  const app = defineApp({ jobs: [defineJob({ queue: 'q', name: 'j', schema: z.object({}) })], handlers: [] });
  const bounds = (await firstScrape(app))
    .filter(({ name, labels }) => name === 'shiftwork_job_wait_seconds_bucket' && labels['le'] !== '+Inf')
    .map(({ labels }) => Number(labels['le']));
  expect(bounds.at(-1)).toBe(86_400);
  expect(bounds.every((bound, index) => index === 0 || bound / (bounds[index - 1] ?? 0) <= 2.5)).toBe(true);
});

test('the Grafana dashboard is one that Grafana imports: its schema, each panel once, none upon another', () => {
  const dashboard = JSON.parse(readFileSync(pathOf(DASHBOARD), 'utf8')) as { readonly panels: readonly Panel[] };
  const check = new Ajv({ allErrors: true }).compile(GRAFANA_DASHBOARD);
  expect(check(dashboard) ? [] : check.errors).toEqual([]);
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});

interface Panel {
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

/** Of a worker host that has just started. */
async function firstScrape(app: ReturnType<typeof defineApp>): Promise<readonly Sample[]> {
  const { collectMetrics, HostMetrics } = await loadMetrics();
  const engine = openEngine({ url: `memory://${randomUUID().slice(0, 8)}`, namespace: 'm', role: 'worker' });
  const own = collectMetrics(new Facts(), app);
  const standing = new SharedStanding({ app, engine });
  const host = new HostMetrics({ own, app, work: { read: () => standing.read() }, ask: async () => [] });
  try {
    return parseExposition(await host.text()).samples;
  } finally {
    own.stop();
    await engine.close(0);
  }
}

/** Names of metrics in expressions; what an annotation names is for people. */
function namesIn(text: string): readonly string[] {
  const expressions = text.replaceAll(/^ +(?:action|summary): .*$/gm, '').replaceAll('event_type', '');
  return [...new Set(expressions.match(/\b(?:shiftwork|events?)_[a-z0-9_]+\b/g) ?? [])];
}
