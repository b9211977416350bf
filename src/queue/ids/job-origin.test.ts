import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineJob, react, type EventEnvelope } from '../../contracts/index.ts';
import { followingOf, originOf, requireReactions } from './job-origin.ts';

const signed = defineEvent('user.signed', { schema: z.object({ userId: z.string() }) });
const greet = defineJob({ queue: 'email', name: 'greet', schema: z.object({ userId: z.string() }) });
const count = defineJob({ queue: 'email', name: 'count', schema: z.object({ userId: z.string() }) });
const event: EventEnvelope = {
  id: 'event-1',
  type: 'user.signed',
  version: 1,
  timestamp: new Date(5),
  payload: { userId: 'u' },
  metadata: { correlationId: 'c', causationId: undefined, userId: undefined, traceparent: undefined },
};

describe('what follows from an event', () => {
  test.each([
    undefined,
    null,
    'jobs',
    {},
    greet({ userId: 'u' }),
    [undefined],
    [null],
    [greet],
    [{ kind: 'job-request' }],
    [signed({ userId: 'u' })],
  ])('is refused by name where a reaction answers with %j', async answer => {
    const confused = react(signed, 'confused', () => answer as never);
    await expect(followingOf(confused, event)).rejects.toMatchObject({
      code: 'INVALID_CONTRACT',
      message: expect.stringContaining('reaction "confused" to "user.signed"'),
    });
  });

  test('has an origin of its own each: by event, reaction, contract and place', async () => {
    const requests = [greet({ userId: 'u' }), greet({ userId: 'v' }), count({ userId: 'u' })];
    const welcome = await followingOf(
      react(signed, 'welcome', () => requests),
      event,
    );
    const again = await followingOf(
      react(signed, 'welcome', () => requests),
      event,
    );
    const other = await followingOf(
      react(signed, 'other', () => requests),
      event,
    );
    const causes = [welcome, other].flatMap(({ from, requests: jobs }) =>
      jobs.map((job, index) => originOf(from, job, index).cause),
    );
    expect(new Set(causes).size).toBe(6);
    expect(again).toEqual(welcome);
    expect(welcome.requests.map((job, index) => originOf(welcome.from, job, index).atMs)).toEqual([5, 5, 5]);
  });

  test.each([undefined, 'x', [undefined], [{}], [signed]])('reactions that are none are refused: %j', given => {
    expect(() => requireReactions(given as never)).toThrow('a list of what react(...) has made');
  });
});
