import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidContractError } from '../define/invalid-contract-error.ts';
import { InvalidPayloadError } from './invalid-payload-error.ts';
import { PayloadTooLargeError } from './payload-too-large-error.ts';
import { decodeAtOnce, decodePayload, MAX_PAYLOAD_BYTES, validatePayload, writePayload } from './codec.ts';
import { defineJob } from '../define/define-job.ts';

const greet = defineJob({
  queue: 'email',
  name: 'greet',
  version: 3,
  upgrade: {
    1: data => ({ ...(data as object), name: 'unknown' }),
    2: data => {
      if ((data as { bad?: boolean }).bad) throw new Error('secret-value in the message');
      return { ...(data as object), locale: 'en' };
    },
  },
  schema: z.strictObject({ userId: z.string(), name: z.string(), locale: z.string() }),
  sensitive: ['name'],
});

describe('decodePayload', () => {
  test('upgrades data of an older release step by step', async () => {
    expect(decodePayload(greet, 1, { userId: 'u1' })).toEqual({
      kind: 'data',
      data: { userId: 'u1', name: 'unknown', locale: 'en' },
    });
    expect(decodePayload(greet, 2, { userId: 'u1', name: 'Ada' })).toMatchObject({ kind: 'data' });
  });

  test('names a version that is newer than the code instead of guessing', async () => {
    expect(decodePayload(greet, 4, {})).toEqual({ kind: 'newer-version', version: 4 });
  });

  test('data that fits no version is unreadable, with the path', async () => {
    const decoded = await decodePayload(greet, 3, { userId: 7, name: 'Ada', locale: 'en' });
    expect(decoded).toMatchObject({ kind: 'unreadable' });
    expect(decoded.kind === 'unreadable' && decoded.detail).toContain('userId');
  });

  test('an upgrade that answers later is unreadable, and its rejection, which may hold data, reaches nobody', async () => {
    const later = defineJob({
      queue: 'email',
      name: 'later',
      version: 2,
      schema: z.object({}),
      upgrade: { 1: async () => Promise.reject(new Error('hunter2')) },
    });
    // Vitest fails a run in which a rejection is handled by nobody.
    expect(await decodePayload(later, 1, {})).toMatchObject({
      kind: 'unreadable',
      detail: expect.stringContaining('the upgrade from version 1 is asynchronous'),
    });
  });

  test('an upgrade that throws is unreadable and its message, which may hold data, is not repeated', async () => {
    const decoded = await decodePayload(greet, 2, { bad: true });
    expect(decoded).toEqual({ kind: 'unreadable', detail: 'the upgrade from version 2 failed' });
  });

  test('a missing step is unreadable', async () => {
    const gap = defineJob({
      queue: 'email',
      name: 'gap',
      version: 3,
      upgrade: { 2: data => data },
      schema: z.unknown(),
    });
    expect(decodePayload(gap, 1, {})).toMatchObject({ kind: 'unreadable' });
  });
});

describe('validatePayload', () => {
  test('names the job and the path, and not the sensitive value', () => {
    const noisy = defineJob({
      queue: 'email',
      name: 'noisy',
      schema: z.object({ name: z.string().refine(() => false, { error: issue => `got ${String(issue.input)}` }) }),
      sensitive: ['name'],
    });
    const validate = () => validatePayload(noisy, { name: 'Ada Lovelace' });
    expect(validate).toThrow(InvalidPayloadError);
    expect(validate).toThrow('"noisy"');
    expect(validate).toThrow('name: got [redacted]');
  });

  test.each(['yes', 'no'])('refuses a schema that answers with a promise, whatever it promises (%s)', text => {
    const late = defineJob({ queue: 'email', name: 'late', schema: z.string().refine(async said => said === 'yes') });
    expect(() => validatePayload(late, text)).toThrow(InvalidContractError);
    expect(() => validatePayload(late, text)).toThrow('"late": expected a schema that answers at once');
    expect(decodePayload(late, 1, text)).toEqual({
      kind: 'unreadable',
      detail: 'its schema does not answer at once',
    });
    expect(decodeAtOnce(late, 1, text)).toBeUndefined();
  });
});

describe('writePayload', () => {
  const any = defineJob({ queue: 'email', name: 'any', schema: z.unknown() });

  test('takes exactly 256 KiB of JSON and refuses one byte more', () => {
    expect(writePayload(any, 'x'.repeat(MAX_PAYLOAD_BYTES - 2))).toHaveLength(MAX_PAYLOAD_BYTES);
    expect(() => writePayload(any, 'x'.repeat(MAX_PAYLOAD_BYTES - 1))).toThrow(PayloadTooLargeError);
  });

  test('counts bytes, not characters', () => {
    expect(() => writePayload(any, '\u20ac'.repeat(MAX_PAYLOAD_BYTES / 3))).toThrow(PayloadTooLargeError);
  });

  test.each([
    ['a circular object', circular()],
    ['a bigint', 1n],
    ['undefined', undefined],
    ['a function', () => 1],
    ['a NUL', { text: 'a\0b' }],
    ['half of a surrogate pair', { text: '\\😀'.slice(0, 2) }],
  ])('refuses %s, which JSON cannot hold', (_case, value) => {
    expect(() => writePayload(any, value)).toThrow(InvalidPayloadError);
  });

  test('takes a text that only looks like what cannot be held', () => {
    const text = String.raw`\u0000 \\ud800 ` + '\u001b😀\\';
    expect(JSON.parse(writePayload(any, text))).toBe(text);
  });
});

function circular(): object {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}
