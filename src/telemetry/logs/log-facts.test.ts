import { describe, expect, test } from 'vitest';
import { Facts } from '../../facts/index.ts';
import { createLogger } from './create-logger.ts';
import { logFacts } from './log-facts.ts';

const run = {
  jobId: 'email-1',
  jobName: 'greet',
  queue: 'email',
  correlationId: 'request-1',
  attempt: 2,
  worker: 'w1',
};

function setup(options?: { readonly success?: boolean }) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    name: 'worker',
    variables: { LOG_LEVEL: 'debug' },
    stream: { write: text => void lines.push(JSON.parse(text) as Record<string, unknown>) },
  });
  const facts = new Facts();
  const stop = logFacts(facts, logger, options);
  return { lines, facts, stop };
}

describe('logFacts', () => {
  test('a fact is one JSON line with the ids that tie it to others', () => {
    const { lines, facts } = setup();
    facts.state('job.retried', { ...run, traceId: 'f'.repeat(32), ranMs: 5, retryInMs: 100, error: new Error('busy') });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'warn',
      service: 'worker',
      fact: 'job.retried',
      jobId: 'email-1',
      jobName: 'greet',
      queue: 'email',
      attempt: 2,
      correlationId: 'request-1',
      traceId: 'f'.repeat(32),
    });
  });

  test('an error stands under err with its code, stack and cause, once', () => {
    const { lines, facts } = setup();
    const error = Object.assign(new Error('refused', { cause: new Error('no route') }), { code: 'ECONNREFUSED' });
    facts.state('job.dead', { ...run, ranMs: 5, reason: 'attempts-exhausted', error });
    expect(lines[0]).toMatchObject({
      level: 'error',
      err: { message: 'refused', code: 'ECONNREFUSED', cause: { message: 'no route' } },
    });
    expect(lines[0]).not.toHaveProperty('error');
    expect(lines[0]).toMatchObject({ err: { stack: expect.stringContaining('log-facts.test.ts') } });
  });

  test('an expired job is no error', () => {
    const { lines, facts } = setup();
    facts.state('job.dead', { ...run, ranMs: 0, reason: 'expired', error: new Error('old') });
    expect(lines[0]).toMatchObject({ level: 'info' });
  });

  test('without success lines nobody listens to what happens for every job', () => {
    const { facts } = setup();
    for (const name of ['job.enqueued', 'job.started', 'job.succeeded'] as const) expect(facts.wants(name)).toBe(false);
    const loud = setup({ success: true });
    loud.facts.state('job.succeeded', { ...run, waitedMs: 1, ranMs: 2 });
    expect(loud.lines[0]).toMatchObject({ fact: 'job.succeeded', ranMs: 2 });
  });

  test('stops when told', () => {
    const { lines, facts, stop } = setup();
    stop();
    facts.state('job.stalled', { jobId: 'email-1', queue: 'email' });
    expect(lines).toEqual([]);
  });
});
