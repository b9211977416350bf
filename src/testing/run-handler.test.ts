import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  cancel,
  defineJob,
  defineResource,
  handle,
  retryAfter,
  snooze,
  type Run,
  InvalidPayloadError,
} from '../contracts/index.ts';
import { DeliveryError } from '../resilience/index.ts';
import { JobDeadError } from '../runtime/index.ts';
import { MemoryStateStore, runHandler } from './index.ts';

const letter = defineJob({
  queue: 'email',
  name: 'letter',
  schema: z.strictObject({ to: z.string().min(3), copies: z.number().default(1) }),
  retry: { attempts: 3 },
});
interface Postman {
  deliver(to: string): Promise<string>;
}
const postman = defineResource<undefined, Postman>({
  name: 'postman',
  configure: () => undefined,
  open: () => ({ deliver: async to => `delivered to ${to}` }),
});

describe('runHandler', () => {
  test("the handler gets the schema's output and its needs; what it returns is the result", async () => {
    const send = handle(letter, { postman }, async ({ to, copies }, _run, { postman }) => ({
      copies,
      said: await postman.deliver(to),
    }));
    const needs = { postman: { deliver: async (to: string) => `fake ${to}` } };
    expect(await runHandler(send, { to: 'ada' }, { needs })).toEqual({
      kind: 'succeeded',
      result: { copies: 1, said: 'fake ada' },
    });
  });

  test('what runs share they do once for a key, whichever job of the contract it is; alone each does its own', async () => {
    const done: string[] = [];
    const send = (keyOf: (to: string, run: Run) => string) =>
      handle(letter, ({ to }, run) => run.once(keyOf(to, run), () => void done.push(to)));
    const effects = new MemoryStateStore();
    const byBusinessId = send(to => `letter ${to}`);
    for (const to of ['ada', 'ada', 'bob']) await runHandler(byBusinessId, { to }, { effects });
    expect(done.splice(0)).toEqual(['ada', 'bob']);
    const byJob = send((_to, { effectId }) => effectId);
    for (const jobId of ['j1', 'j2', 'j1'])
      await runHandler(byJob, { to: 'eve' }, { effects, run: { jobId, effectId: jobId } });
    expect(done.splice(0)).toEqual(['eve', 'eve']);
    const constant = send(() => 'letter');
    for (const to of ['ada', 'bob']) await runHandler(constant, { to }, { effects });
    expect(done.splice(0)).toEqual(['ada']);
    for (const to of ['ada', 'bob']) await runHandler(constant, { to });
    expect(done).toEqual(['ada', 'bob']);
  });

  test('a wrong use of run.once is refused as a worker refuses it', async () => {
    const effects = new MemoryStateStore();
    const wrong = handle(letter, ({ to }, run) => run.once(to === 'ada' ? '' : 'k', () => new Date(0).toString()));
    expect(await runHandler(wrong, { to: 'ada' }, { effects })).toMatchObject({ error: { code: 'INVALID_OPTIONS' } });
    expect(await effects.list('ledger')).toEqual([]);
    // @ts-expect-error a date is no JSON
    const date = handle(letter, (_, run) => run.once('k', () => new Date(0)));
    expect(await runHandler(date, { to: 'bob' }, { effects })).toMatchObject({
      kind: 'dead',
      error: { code: 'EFFECT_REFUSED', message: expect.stringContaining('dateCodec of shiftwork/codecs') as string },
    });
  });

  test('data that a producer would be refused is refused here, and the handler does not run', async () => {
    let ran = false;
    const send = handle(letter, () => {
      ran = true;
    });
    await expect(runHandler(send, { to: 'x' })).rejects.toThrow(InvalidPayloadError);
    expect(ran).toBe(false);
  });

  test('data that JSON cannot hold is refused as a producer would be', async () => {
    const dated = defineJob({ queue: 'email', name: 'dated', schema: z.strictObject({ at: z.date() }) });
    const send = handle(dated, () => undefined);
    await expect(runHandler(send, { at: new Date(0) })).rejects.toThrow('at: is a Date');
  });

  test.for([
    ['an unknown error, tried again', () => Promise.reject(new Error('busy')), { kind: 'retry' }],
    ['a text that was thrown, tried again', () => Promise.reject('busy'), { kind: 'retry' }],
    ['retryAfter', () => retryAfter('1h', 'later'), { kind: 'retry' }],
    ['snooze', () => snooze('1h', 'later'), { kind: 'snoozed', reason: 'later' }],
    ['cancel', () => cancel('not wanted'), { kind: 'cancelled', reason: 'not wanted' }],
    [
      'an error that says dead',
      () => Promise.reject(new JobDeadError('no such order')),
      { kind: 'dead', reason: 'said-by-handler' },
    ],
    [
      'a permanent failure',
      () => Promise.reject(new DeliveryError('permanent', 'no such mailbox')),
      { kind: 'dead', reason: 'permanent' },
    ],
  ] as const)('the outcome of %s', async ([, perform, expected]) => {
    expect(await runHandler(handle(letter, perform), { to: 'ada' })).toMatchObject(expected);
  });

  test('on the last attempt a failure is the end', async () => {
    const fail = handle(letter, () => {
      throw new Error('busy');
    });
    expect(await runHandler(fail, { to: 'ada' }, { run: { attempt: 3 } })).toMatchObject({
      kind: 'dead',
      reason: 'attempts-exhausted',
      error: { message: 'busy' },
    });
  });

  test('the run knows its job; what the test gives replaces it', async () => {
    let seen: Run | undefined;
    const look = handle(letter, (_data, run) => {
      seen = run;
    });
    await runHandler(look, { to: 'ada' });
    expect(seen).toMatchObject({ jobName: 'letter', queue: 'email', attempt: 1, attempts: 3 });
    expect(seen?.jobId).toMatch(/^email-/);
    expect(seen?.effectId).toBe(seen?.jobId);
    const signal = AbortSignal.abort();
    await runHandler(look, { to: 'ada' }, { run: { signal, correlationId: 'request-1' } });
    expect(seen).toMatchObject({ correlationId: 'request-1' });
    expect(seen?.signal.aborted).toBe(true);
  });

  test('data and needs are typed by the handler', () => {
    const plain = handle(letter, () => undefined);
    const send = handle(letter, { postman }, () => undefined);
    expectTypeOf(runHandler<typeof letter, Record<never, never>>)
      .parameter(1)
      .toEqualTypeOf<{
        to: string;
        copies?: number | undefined;
      }>();
    expectTypeOf(plain.needs).toEqualTypeOf<Record<never, never>>();
    expectTypeOf(send.needs).toEqualTypeOf<{ readonly postman: typeof postman }>();
    expectTypeOf(runHandler<typeof letter, typeof send.needs>)
      .parameter(2)
      .toExtend<{ needs: { readonly postman: Postman } }>();
  });
});
