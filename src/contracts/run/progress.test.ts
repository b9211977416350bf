import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, handle, InvalidContractError, InvalidProgressError, requireProgress } from '../index.ts';
import type { Duration } from '../../time/index.ts';

const schema = z.object({ text: z.string() });

test('progress is what the contract says: another value is refused by the compiler and when it is said', () => {
  const contract = defineJob({ queue: 'email', name: 'greet', schema, progress: z.object({ done: z.number() }) });
  handle(contract, (_, run) => {
    run.progress({ done: 1 });
    // @ts-expect-error not a number
    run.progress({ done: '1' });
    // @ts-expect-error no such field
    run.progress({ done: 1, of: 3 });
  });
  expect(() => requireProgress(contract, { done: 1 })).not.toThrow();
  expect(() => requireProgress(contract, { done: '1' })).toThrow(InvalidProgressError);
});

test('without a schema any JSON is progress, and nothing else', () => {
  const contract = defineJob({ queue: 'email', name: 'greet', schema });
  handle(contract, (_, run) => {
    run.progress(40);
    run.progress({ done: [1, null, 'x'] });
    // @ts-expect-error JSON makes a text of it
    run.progress(new Date(0));
  });
  for (const value of [undefined, new Date(0), Number.NaN, () => 1, 10n, { map: new Map() }]) {
    expect(() => requireProgress(contract, value)).toThrow(InvalidProgressError);
  }
  expect(() => requireProgress(contract, 'x'.repeat(5_000))).toThrow('5002 bytes');
});

test('a stuckAfter that cannot work is refused', () => {
  const define = (stuckAfter: Duration) =>
    defineJob({ queue: 'email', name: 'greet', schema, timeout: '30s', stuckAfter });
  expect(define('10s').stuckAfterMs).toBe(10_000);
  for (const stuckAfter of ['30s', '1m', '10ms'] as const)
    expect(() => define(stuckAfter)).toThrow(InvalidContractError);
});
