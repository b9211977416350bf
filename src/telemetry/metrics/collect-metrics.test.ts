import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob } from '../../contracts/index.ts';
import { DEAD_REASONS, Facts } from '../../facts/index.ts';
import { parseExposition } from '../../../tests/support/exposition.ts';
import { collectMetrics, type Metrics } from './collect-metrics.ts';
import { WorkGauges, type QueueReading, type WorkReading } from './gauge-work.ts';
import { HostMetrics } from './host-metrics.ts';

const letter = defineJob({ queue: 'email', name: 'letter', schema: z.object({}) });
const moved = defineEvent('user.moved', { schema: z.object({}) });
const app = defineApp({ jobs: [letter], handlers: [], events: [moved] });
const run = {
  jobId: 'email-1',
  jobName: 'letter',
  queue: 'email',
  correlationId: 'c',
  attempt: 1,
  worker: 'host/1',
};

const open: Metrics[] = [];
afterEach(() => {
  for (const metrics of open.splice(0)) metrics.stop();
});

function collect() {
  const facts = new Facts();
  const metrics = collectMetrics(facts, app);
  open.push(metrics);
  return { facts, metrics, read: async () => parseExposition(await metrics.text()) };
}

describe('metrics of a process', () => {
  test('every series that an alert counts is there at 0 before anything has happened, for every contract of the app', async () => {
    const { value } = await collect().read();
    for (const reason of DEAD_REASONS) {
      expect(value('shiftwork_jobs_dead_total', { queue: 'email', name: 'letter', reason })).toBe(0);
    }
    expect(value('shiftwork_jobs_isolated_total', { queue: 'email', name: 'letter' })).toBe(0);
    expect(value('shiftwork_jobs_stalled_total', { queue: 'email' })).toBe(0);
    expect(value('shiftwork_breaker_openings_total', { queue: 'email' })).toBe(0);
    for (const status of ['dead', 'failed', 'handled']) {
      expect(value('events_processed_total', { event_type: 'user.moved', status })).toBe(0);
    }
  });

  test('count what becomes of jobs by queue and name, and how long it took', async () => {
    const { facts, read } = collect();
    facts.emit('job.succeeded', { ...run, waitedMs: 30, ranMs: 2_000 });
    facts.emit('job.retried', { ...run, ranMs: 3, retryInMs: 5, error: new Error('no') });
    facts.emit('job.dead', { ...run, ranMs: 3, reason: 'poison', error: new Error('no') });
    const { value } = await read();
    const labels = { queue: 'email', name: 'letter' };
    expect(value('shiftwork_jobs_succeeded_total', labels)).toBe(1);
    expect(value('shiftwork_jobs_retried_total', labels)).toBe(1);
    expect(value('shiftwork_jobs_dead_total', { ...labels, reason: 'poison' })).toBe(1);
    // Those that have not happened are there as 0: their first occurrence is then a rise.
    expect(value('shiftwork_jobs_cancelled_total', labels)).toBe(0);
    expect(value('shiftwork_job_wait_seconds_bucket', { ...labels, le: '0.025' })).toBe(0);
    expect(value('shiftwork_job_wait_seconds_bucket', { ...labels, le: '0.05' })).toBe(1);
    expect(value('shiftwork_job_run_seconds_count', labels)).toBe(3);
    expect(value('shiftwork_job_run_seconds_sum', labels)).toBeCloseTo(2.006);
  });

  test('a name that the app does not know makes no series of its own', async () => {
    const { facts, read } = collect();
    for (let index = 0; index < 50; index += 1) {
      facts.emit('job.succeeded', {
        ...run,
        jobName: `made-up-${index}`,
        queue: `q"\n${index}`,
        waitedMs: 0,
        ranMs: 0,
      });
      facts.emit('event.published', {
        eventId: 'e',
        eventType: `made.up${index}`,
        transport: 'in-process',
        correlationId: 'c',
        tookMs: 1,
      });
    }
    const { value, samples } = await read();
    expect(value('shiftwork_jobs_succeeded_total', { queue: 'other', name: 'other' })).toBe(50);
    expect(value('events_published_total', { event_type: 'other' })).toBe(50);
    expect(samples.filter(({ labels }) => JSON.stringify(labels).includes('made'))).toEqual([]);
  });

  test('events are counted by type and status, subscriptions by what they have yet to handle', async () => {
    const { facts, read } = collect();
    const event = {
      eventId: 'e',
      eventType: 'user.moved',
      transport: 'in-process',
      correlationId: 'c',
      subscription: 's',
      attempt: 1,
    };
    facts.emit('event.handled', { ...event, lagMs: 400, ranMs: 20 });
    facts.emit('event.dead', { ...event, reason: 'undecodable', error: new Error('no') });
    facts.emit('subscription.lag', { transport: 'redis-streams', subscription: 's', pending: 7 });
    const { value } = await read();
    expect(value('events_processed_total', { event_type: 'user.moved', status: 'handled' })).toBe(1);
    expect(value('events_processed_total', { event_type: 'user.moved', status: 'dead' })).toBe(1);
    expect(value('event_lag_seconds_bucket', { event_type: 'user.moved', le: '0.5' })).toBe(1);
    expect(value('event_subscription_pending', { subscription: 's' })).toBe(7);
    // No relay has reported an outbox here.
    expect(value('shiftwork_outbox_pending')).toBeUndefined();
  });

  test('nobody listens any more once it is stopped', () => {
    const { facts, metrics } = collect();
    expect(facts.wants('job.succeeded')).toBe(true);
    metrics.stop();
    expect(facts.wants('job.succeeded')).toBe(false);
  });
});

const reading: QueueReading = {
  name: 'email',
  paused: false,
  waiting: 3,
  held: 2,
  running: 1,
  delayed: 0,
  succeeded: 9,
  dead: 2,
  oldestDueMs: 1_500,
  oldestHeldMs: 60_000,
  sick: 1,
};
const standing: WorkReading = {
  queues: [reading],
  hosts: { alive: 2, lost: 1 },
  overdue: [],
  atRunTime: { count: 0, lagMs: 0 },
};

describe('gauges of queues', () => {
  test('are read when asked, once for those who ask together', async () => {
    const { metrics, read } = collect();
    let reads = 0;
    const gauges = new WorkGauges(metrics.registry, app, {
      read: async () => {
        reads += 1;
        return standing;
      },
    });
    await Promise.all([gauges.refresh(), gauges.refresh()]);
    const { value } = await read();
    expect(reads).toBe(1);
    expect(value('shiftwork_queue_depth', { queue: 'email', state: 'waiting' })).toBe(3);
    expect(value('shiftwork_queue_oldest_due_seconds', { queue: 'email' })).toBe(1.5);
    expect(value('shiftwork_queue_held', { queue: 'email' })).toBe(2);
    expect(value('shiftwork_queue_oldest_held_seconds', { queue: 'email' })).toBe(60);
    expect(value('shiftwork_queues_readable')).toBe(1);
  });

  test('are absent while the engine does not answer, and nobody waits for it', async () => {
    const { metrics, read } = collect();
    let asked = 0;
    const gauges = new WorkGauges(metrics.registry, app, {
      read: () => {
        asked += 1;
        return new Promise(() => undefined);
      },
      withinMs: 5,
    });
    await gauges.refresh();
    await gauges.refresh();
    const { value, samples } = await read();
    expect(asked).toBe(1);
    expect(value('shiftwork_queues_readable')).toBe(0);
    expect(samples.filter(({ name }) => name === 'shiftwork_queue_depth')).toEqual([]);
  });
});

describe('metrics of a host', () => {
  test('are the sum of its processes; what a worker counted stays when it is gone or does not answer', async () => {
    const supervisor = collect();
    const [one, two] = [collect(), collect()];
    const answers = new Map([
      ['h/1', one],
      ['h/2', two],
    ]);
    let silent = '';
    const host = new HostMetrics({
      own: supervisor.metrics,
      app,
      work: { read: async () => standing, freshMs: 0 },
      ask: () =>
        Promise.all(
          [...answers].map(async ([worker, { metrics }]) => {
            // As it travels between processes.
            const sent = JSON.stringify(await metrics.snapshot());
            return { worker, value: worker === silent ? undefined : JSON.parse(sent) };
          }),
        ),
    });
    const succeeded = async () => {
      const { value } = parseExposition(await host.text());
      return {
        jobs: value('shiftwork_jobs_succeeded_total', { queue: 'email', name: 'letter' }),
        answering: value('shiftwork_workers_answering'),
        unanswered: value('shiftwork_workers_unanswered_total'),
      };
    };
    for (const { facts } of [one, two, two]) facts.emit('job.succeeded', { ...run, waitedMs: 0, ranMs: 0 });
    expect(await succeeded()).toEqual({ jobs: 3, answering: 2, unanswered: 0 });
    silent = 'h/2';
    expect(await succeeded()).toEqual({ jobs: 3, answering: 1, unanswered: 1 });
    answers.delete('h/2');
    expect(await succeeded()).toEqual({ jobs: 3, answering: 1, unanswered: 1 });
    one.facts.emit('job.succeeded', { ...run, waitedMs: 0, ranMs: 0 });
    expect(await succeeded()).toEqual({ jobs: 4, answering: 1, unanswered: 1 });
  });

  test('an engine that one process has lost is down for the host', async () => {
    const [own, worker] = [collect(), collect()];
    worker.facts.emit('engine.lost', { engine: 'redis', error: new Error('no') });
    const host = new HostMetrics({
      own: own.metrics,
      app,
      work: { read: async () => standing },
      ask: async () => [{ worker: 'h/1', value: await worker.metrics.snapshot() }],
    });
    const { value } = parseExposition(await host.text());
    expect(value('shiftwork_engine_up')).toBe(0);
  });

  test('an answer that is no snapshot counts as none', async () => {
    const own = collect();
    const host = new HostMetrics({
      own: own.metrics,
      app,
      work: { read: async () => standing },
      ask: async () => [{ worker: 'h/1', value: [{ name: 'x' }] }],
    });
    const { value } = parseExposition(await host.text());
    expect(value('shiftwork_workers_unanswered_total')).toBe(1);
  });
});
