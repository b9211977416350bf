import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidContractError } from './invalid-contract-error.ts';
import { defineApp } from './define-app.ts';
import { defineJob } from './define-job.ts';
import { handle } from './handle.ts';

const greet = defineJob({ queue: 'email', name: 'greet', schema: z.object({}) });
const count = defineJob({ queue: 'analytics', name: 'count', schema: z.object({}) });

describe('defineApp', () => {
  test('gathers jobs, handlers and queues', () => {
    const app = defineApp({
      jobs: [greet, count],
      handlers: [handle(greet, () => undefined)],
      queues: { email: { concurrency: 3, totalConcurrency: 4, rate: { max: 100, per: '1s' } } },
    });
    expect([...app.queues.values()]).toEqual([
      {
        name: 'email',
        concurrency: 3,
        totalConcurrency: 4,
        rate: { max: 100, perMs: 1_000 },
        limits: [],
        allLimits: [{ name: '', rate: { max: 100, perMs: 1_000 }, strict: false }],
        lockMs: 30_000,
        destinations: expect.anything(),
      },
      {
        name: 'analytics',
        concurrency: 10,
        totalConcurrency: undefined,
        rate: undefined,
        limits: [],
        allLimits: [],
        lockMs: 30_000,
        destinations: expect.anything(),
      },
    ]);
    expect([...app.handlers.keys()]).toEqual(['greet']);
  });

  test('refuses everything that cannot work, at once and by name', () => {
    const twice = defineJob({ queue: 'email', name: 'greet', schema: z.object({}) });
    const define = () =>
      defineApp({
        jobs: [greet, twice],
        handlers: [handle(greet, () => undefined), handle(count, () => undefined)],
        queues: { email: { concurrency: 0, totalConcurrency: 0, rate: { max: 0, per: '1s' } }, gone: {} },
      });
    expect(define).toThrow(InvalidContractError);
    for (const part of [
      'two jobs are named "greet"',
      'the handler of "count" has no such contract',
      'queue "email" needs a concurrency >= 1, got 0',
      'queue "email" needs a totalConcurrency >= 1, got 0',
      'queue "email": expected rate to be at least 1 per millisecond or longer, got 0 per 1000 ms',
      'queue "gone" is configured, but no job uses it',
    ]) {
      expect(define).toThrow(part);
    }
  });
});
