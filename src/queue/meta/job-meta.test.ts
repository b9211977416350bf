import { describe, expect, test } from 'vitest';
import { readMeta, traceIdOf, writeMeta } from './job-meta.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('job meta', () => {
  test('a job with nothing special carries nothing', () => {
    expect(writeMeta({ version: 1, correlationId: undefined, traceparent: undefined })).toBeUndefined();
  });

  test('what is written is read back', () => {
    const meta = { version: 3, correlationId: 'request-7', traceparent };
    expect(readMeta(writeMeta(meta))).toEqual(meta);
    expect(traceIdOf(traceparent)).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  });

  test('a traceparent alone is written as it is', () => {
    const meta = { version: 1, correlationId: undefined, traceparent };
    expect(writeMeta(meta)).toBe(traceparent);
    expect(readMeta(traceparent)).toEqual(meta);
  });

  test.each([
    undefined,
    7,
    '',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    '{',
    '[]',
    '{"v":-1}',
    '{"v":"2","c":5,"t":"00-xyz"}',
    '{"v":1.5}',
    'null',
    `{"v":1,"t":"00-${'0'.repeat(32)}-00f067aa0ba902b7-01"}`,
    `{"v":1,"t":"00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01"}`,
  ])('what another program wrote (%j) is read as the default, never thrown at', text => {
    expect(readMeta(text)).toEqual({ version: 1, correlationId: undefined, traceparent: undefined });
  });
});
