import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineJob, handle } from '../contracts/index.ts';
import type { Client, JobView } from './index.ts';

const schema = z.object({ to: z.string() });
const count = defineJob({ queue: 'q', name: 'count', schema, result: z.object({ sum: z.number() }) });
const base = { queue: 'q', name: 'n', schema } as const;

test('a job that is looked at has a state and a reason to wait, and no others', () => {
  const look = (view: JobView): unknown => [
    // @ts-expect-error there is no such state
    view.state === 'finished',
    // @ts-expect-error a job waits for no such thing
    view.waitsFor?.for === 'luck',
    // @ts-expect-error only some who wait know until when
    view.waitsFor?.until,
    // @ts-expect-error what is looked at is not changed
    (view.progress = 1),
  ];
  expect(look).toBeTypeOf('function');
});

test('a key is one of what there is', () => {
  const definitions = (): unknown => [
    // @ts-expect-error the schema has no such field
    defineJob({ ...base, key: ({ from }) => [from] }),
    // @ts-expect-error an object is no part of a key
    defineJob({ ...base, key: data => [data] }),
    // @ts-expect-error a key is a list of parts
    defineJob({ ...base, key: ({ to }) => to }),
    // @ts-expect-error first or last
    defineJob({ ...base, key: { of: ({ to }) => [to], keep: 'newest' } }),
    // @ts-expect-error there is no such option
    defineJob({ ...base, key: { of: ({ to }) => [to], window: '1d' } }),
    // @ts-expect-error a window is a duration
    defineJob({ ...base, key: { of: ({ to }) => [to], for: true } }),
  ];
  expect(definitions).toBeTypeOf('function');
});

test('what is called with a wrong option, or answered with another result, does not compile', () => {
  const calls = (client: Client): unknown => [
    // @ts-expect-error a time is a Date
    client.enqueue(count, { to: 'a' }, { at: '2027-01-01' }),
    // @ts-expect-error there is no such option
    client.enqueue(count, { to: 'a' }, { in: '5m' }),
    // @ts-expect-error a wait is a duration
    client.result('id', { timeout: new Date(0) }),
    // @ts-expect-error a controller is no signal
    client.result('id', { signal: new AbortController() }),
    // @ts-expect-error its data has a text
    client.enqueueAndWait(count, { to: 7 }),
    // @ts-expect-error the result has no such field
    client.enqueueAndWait(count, { to: 'a' }).then(({ total }) => total),
    // @ts-expect-error silence is a duration
    defineJob({ ...base, stuckAfter: { ms: 5 } }),
    // @ts-expect-error a line is a text
    handle(count, (_, run) => (run.log({ line: 'x' }), { sum: 1 })),
    // @ts-expect-error a heartbeat says nothing
    handle(count, (_, run) => (run.heartbeat('alive'), { sum: 1 })),
  ];
  expect(calls).toBeTypeOf('function');
  expectTypeOf((client: Client) => client.result('id', { contract: count })).returns.resolves.toEqualTypeOf<{
    sum: number;
  }>();
});
