import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Facts } from './facts.ts';

const stalled = { jobId: 'email-1', queue: 'email' };

describe('Facts', () => {
  test('tells listeners of the name and listeners of everything', () => {
    const facts = new Facts();
    const seen: string[] = [];
    facts.on('job.stalled', ({ fields }) => seen.push(`named ${fields.jobId}`));
    facts.onAny(({ name }) => seen.push(`any ${name}`));
    facts.emit('job.stalled', stalled);
    expect(seen).toEqual(['named email-1', 'any job.stalled']);
  });

  test('a listener that throws neither stops the others nor reaches the one who states', () => {
    const facts = new Facts();
    const failures: string[] = [];
    const seen: string[] = [];
    facts.on('listener.failed', ({ fields }) => failures.push(`${fields.fact}: ${fields.error.message}`));
    facts.on('job.stalled', () => {
      throw new Error('broken listener');
    });
    facts.on('job.stalled', ({ fields }) => seen.push(fields.jobId));
    facts.emit('job.stalled', stalled);
    expect(seen).toEqual(['email-1']);
    expect(failures).toEqual(['job.stalled: broken listener']);
  });

  test('an asynchronous listener that rejects becomes listener.failed too', async () => {
    const facts = new Facts();
    const failures: string[] = [];
    facts.on('listener.failed', ({ fields }) => failures.push(`${fields.fact}: ${fields.error.message}`));
    facts.on('job.stalled', () => Promise.reject(new Error('named')));
    facts.onAny(() => Promise.reject(new Error('any')));
    facts.emit('job.stalled', stalled);
    await setImmediate();
    expect(failures).toEqual(['job.stalled: named', 'job.stalled: any']);
  });

  test('a listener that throws what is no text neither stops the others nor reaches the one who states', () => {
    const facts = new Facts();
    const failures: string[] = [];
    facts.on('listener.failed', ({ fields }) => failures.push(fields.error.message));
    facts.on('job.stalled', () => {
      throw Object.create(null);
    });
    facts.emit('job.stalled', stalled);
    expect(failures).toEqual(['What was thrown is no Error: {}']);
  });

  test('a listener of listener.failed that throws or rejects does not loop', async () => {
    const facts = new Facts();
    let calls = 0;
    facts.onAny(() => {
      calls += 1;
      throw new Error('always');
    });
    facts.onAny(() => Promise.reject(new Error('always')));
    expect(() => facts.emit('job.stalled', stalled)).not.toThrow();
    await setImmediate();
    expect(calls).toBe(3);
  });

  test('wants() follows the listeners that come and go', () => {
    const facts = new Facts();
    expect(facts.wants('job.stalled')).toBe(false);
    const stop = facts.on('job.stalled', () => undefined);
    expect(facts.wants('job.stalled')).toBe(true);
    expect(facts.wants('job.dead')).toBe(false);
    stop();
    expect(facts.wants('job.stalled')).toBe(false);
  });

  test('next() resolves with the first fact that matches', async () => {
    const facts = new Facts();
    const next = facts.next('job.stalled', fields => fields.jobId === 'email-2');
    facts.emit('job.stalled', stalled);
    facts.emit('job.stalled', { jobId: 'email-2', queue: 'email' });
    await expect(next).resolves.toEqual({ jobId: 'email-2', queue: 'email' });
    expect(facts.wants('job.stalled')).toBe(false);
  });

  test('next() rejects with the reason of its signal and leaves no listener', async () => {
    const facts = new Facts();
    const controller = new AbortController();
    const next = facts.next('job.stalled', undefined, controller.signal);
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(facts.wants('job.stalled')).toBe(false);
  });
});
