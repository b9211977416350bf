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

function setup(options?: { readonly success?: boolean }, level = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    name: 'worker',
    variables: { LOG_LEVEL: level },
    stream: { write: text => void lines.push(JSON.parse(text) as Record<string, unknown>) },
  });
  const facts = new Facts();
  const stop = logFacts(facts, logger, options);
  return { lines, facts, stop };
}

describe('logFacts', () => {
  test('a fact is one JSON line with the ids that tie it to others', () => {
    const { lines, facts } = setup();
    facts.emit('job.retried', { ...run, traceId: 'f'.repeat(32), ranMs: 5, retryInMs: 100, error: new Error('busy') });
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
    facts.emit('job.dead', { ...run, ranMs: 5, reason: 'attempts-exhausted', error });
    expect(lines[0]).toMatchObject({
      level: 'error',
      err: { message: 'refused', code: 'ECONNREFUSED', cause: { message: 'no route' } },
    });
    expect(lines[0]).not.toHaveProperty('error');
    expect(lines[0]).toMatchObject({ err: { stack: expect.stringContaining('log-facts.test.ts') } });
  });

  test('an expired job is no error', () => {
    const { lines, facts } = setup();
    facts.emit('job.dead', { ...run, ranMs: 0, reason: 'expired', error: new Error('old') });
    expect(lines[0]).toMatchObject({ level: 'info' });
  });

  test('without success lines nobody listens to what happens for every job', () => {
    const { facts } = setup();
    for (const name of ['job.enqueued', 'job.started', 'job.succeeded'] as const) expect(facts.wants(name)).toBe(false);
    const loud = setup({ success: true });
    loud.facts.emit('job.succeeded', { ...run, waitedMs: 1, ranMs: 2 });
    expect(loud.lines[0]).toMatchObject({ fact: 'job.succeeded', ranMs: 2 });
  });

  test('what the level would not let through is not even listened to', () => {
    const { facts } = setup({ success: true }, 'info');
    expect(facts.wants('job.started')).toBe(false);
    expect(facts.wants('job.succeeded')).toBe(true);
    const alarms = setup({ success: true }, 'error');
    expect(alarms.facts.wants('job.succeeded')).toBe(false);
    expect(alarms.facts.wants('job.dead')).toBe(true);
  });

  test('a snoozed job is worth a warning only with its alarm', () => {
    const { lines, facts } = setup();
    facts.emit('job.snoozed', { ...run, untilMs: 5, reason: 'later', alarm: false });
    facts.emit('job.snoozed', { ...run, untilMs: 5, reason: 'unknown job', alarm: true });
    expect(lines.map(({ level }) => level)).toEqual(['info', 'warn']);
  });

  test('a storm of one worker error is one line; another error has its own', () => {
    const { lines, facts } = setup();
    for (let index = 0; index < 100; index += 1) {
      facts.emit('worker.error', { worker: 'w1', queue: 'email', error: new Error('OOM') });
    }
    facts.emit('worker.error', { worker: 'w1', queue: 'email', error: new Error('READONLY') });
    expect(lines).toMatchObject([{ err: { message: 'OOM' } }, { err: { message: 'READONLY' } }]);
  });

  test('each failed attempt of a job has its line', () => {
    const { lines, facts } = setup();
    for (const attempt of [1, 2, 3]) {
      facts.emit('job.retried', { ...run, attempt, ranMs: 5, retryInMs: 100, error: new Error('busy') });
    }
    expect(lines.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  test('stops when told', () => {
    const { lines, facts, stop } = setup();
    stop();
    facts.emit('job.stalled', { jobId: 'email-1', queue: 'email' });
    expect(lines).toEqual([]);
  });
});
