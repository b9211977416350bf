import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from './define-event.ts';
import type { JobRequest } from './job-contract.ts';

const schema = z.object({ userId: z.string(), at: z.date() });

describe('defineEvent', () => {
  test('says what it is, and makes requests', () => {
    const userRegistered = defineEvent('user.registered', { schema, sensitive: ['userId'] });
    expect({ ...userRegistered }).toMatchObject({
      kind: 'event',
      name: 'user.registered',
      version: 1,
      sensitive: ['userId'],
    });
    const payload = { userId: 'u-1', at: new Date(0) };
    expect(userRegistered(payload, { id: 'e-1' })).toEqual({
      kind: 'event-request',
      contract: userRegistered,
      payload,
      options: { id: 'e-1' },
    });
    expectTypeOf(userRegistered(payload)).not.toExtend<JobRequest>();
    // @ts-expect-error a payload of the wrong type does not compile
    userRegistered({ userId: 7 });
  });

  test.each([
    'user.registered',
    'order.item.shipped',
    'money.withdrawn',
    'payment.first-failed',
    'invoice.paid',
    'limit.overridden',
    'key.withheld',
    'index.rebuilt',
    'invoice.resent',
    'message.heard',
  ])('takes %s', name => {
    expect(() => defineEvent(name, { schema })).not.toThrow();
  });

  test.each([
    ['registered', 'entity.action'],
    ['User.Registered', 'entity.action'],
    ['user.register', 'past tense'],
    ['user.need', 'past tense'],
    ['light.red', 'past tense'],
    ['password.proceed', 'past tense'],
    ['user.registering', 'past tense'],
    ['user registered', 'entity.action'],
    ['user..registered', 'entity.action'],
    [`${'a'.repeat(100)}.registered`, 'entity.action'],
  ])('refuses the name %s', (name, why) => {
    expect(() => defineEvent(name, { schema })).toThrow(why);
  });

  test('refuses a schema that is none, a version below 1, and a step that leads nowhere', () => {
    // @ts-expect-error no schema
    expect(() => defineEvent('user.registered', { schema: {} })).toThrow('Standard Schema');
    expect(() => defineEvent('user.registered', { schema, version: 0 })).toThrow('integer >= 1');
    expect(() => defineEvent('user.registered', { schema, upgrade: { 1: data => data } })).toThrow('nowhere');
  });
});
