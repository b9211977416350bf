import { expect, test } from 'vitest';
import { z } from 'zod';
import { dead, defineEvent, type HandlerDecision } from '../../contracts/index.ts';
import { Facts } from '../../facts/index.ts';
import { Bus } from './bus.ts';
import { InProcessTransport } from '../transports/in-process.ts';

const userRegistered = defineEvent('user.registered', {
  schema: z.object({ email: z.string() }),
  sensitive: ['email'],
});

test('the reason that a handler gives is stated without sensitive values', async () => {
  const facts = new Facts();
  const bus = new Bus({ events: [userRegistered], transport: new InProcessTransport(), facts });
  const failed = facts.next('event.failed');
  await bus.subscribe(userRegistered, ({ payload }): HandlerDecision => dead(`nobody is ${payload.email}`));
  await bus.publish(userRegistered({ email: 'ada@example.com' }));
  const { error } = await failed;
  expect(error.message).toContain('nobody is [redacted]');
  expect(`${error.message}${error.stack}`).not.toContain('ada@');
  await bus.close(500);
});
