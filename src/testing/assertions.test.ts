import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, handle } from '../contracts/index.ts';
import {
  assertDead,
  assertEnqueued,
  assertNotEnqueued,
  assertPublished,
  assertSucceeded,
  createTestApp,
  recordingClient,
} from './index.ts';
import { shiftworkMatchers } from './vitest/index.ts';

expect.extend(shiftworkMatchers);

const address = z.strictObject({ name: z.string(), mail: z.string() });
const letter = defineJob({
  queue: 'email',
  name: 'letter',
  schema: z.strictObject({ to: address, copies: z.array(z.number()) }),
});
const stamp = defineJob({ queue: 'email', name: 'stamp', schema: z.strictObject({}), retry: { attempts: 1 } });
const moved = defineEvent('user.moved', { schema: z.strictObject({ city: z.string() }) });
const DATA = { to: { name: 'Ada', mail: 'ada@x' }, copies: [1, 2] };

async function setup() {
  const app = defineApp({
    jobs: [letter, stamp],
    handlers: [handle(letter, () => 'sent'), handle(stamp, () => Promise.reject(new Error('no ink')))],
    events: [moved],
  });
  const kit = createTestApp(app);
  await kit.client.enqueueMany([letter(DATA), stamp({})]);
  await kit.bus.publish(moved({ city: 'Paris' }));
  await kit.drain();
  return kit;
}

describe('assertions', () => {
  test('hold where what was queued, published or done is as they say', async () => {
    await using kit = await setup();
    expect(() => assertEnqueued(kit, letter)).not.toThrow();
    assertEnqueued(kit, letter, { to: { name: 'Ada' } });
    assertEnqueued(kit, letter, { copies: [1, 2] });
    assertNotEnqueued(kit, letter, { to: { name: 'Eve' } });
    assertNotEnqueued(kit, letter, { copies: [1] });
    assertPublished(kit, moved, { city: 'Paris' });
    assertSucceeded(kit, letter);
    assertDead(kit, stamp, 'attempts-exhausted');
  });

  test('say what there was where it is not so', async () => {
    await using kit = await setup();
    expect(() => assertEnqueued(kit, letter, { to: { name: 'Eve' } })).toThrow(
      /found that one job of "letter" was queued: .*Ada/,
    );
    expect(() => assertNotEnqueued(kit, stamp)).toThrow('Expected no job of "stamp" to be queued');
    expect(() => assertPublished(kit, moved, { city: 'Rome' })).toThrow(AssertionError);
    expect(() => assertSucceeded(kit, stamp)).toThrow('"stamp" has dead: attempts-exhausted: no ink');
    expect(() => assertDead(kit, letter)).toThrow('every job of "letter" to be dead');
    expect(() => assertDead(kit, stamp, 'permanent')).toThrow(AssertionError);
    // @ts-expect-error a letter has no such field
    expect(() => assertEnqueued(kit, letter, { from: 'Ada' })).toThrow(AssertionError);
  });

  test('where nothing ran nothing has succeeded', async () => {
    await using kit = createTestApp(defineApp({ jobs: [stamp], handlers: [handle(stamp, () => undefined)] }));
    await kit.client.enqueue(stamp, {});
    expect(() => assertSucceeded(kit, stamp)).toThrow('no run of "stamp" has ended');
  });

  test('a client that records takes those of what is queued', async () => {
    const client = recordingClient();
    await client.enqueue(letter, DATA);
    assertEnqueued(client, letter, { to: { mail: 'ada@x' } });
    expect(client).toHaveEnqueued(letter, { to: { mail: expect.stringContaining('@') } });
    expect(client).not.toHaveEnqueued(stamp);
  });
});

describe('matchers', () => {
  test('hold and fail as the assertions do, and take asymmetric ones', async () => {
    await using kit = await setup();
    expect(kit).toHaveEnqueued(letter, {
      to: { name: 'Ada', mail: expect.stringMatching(/@x$/) },
      copies: [1, expect.any(Number)],
    });
    expect(kit).not.toHaveEnqueued(letter, { to: { name: 'Eve' } });
    expect(kit).toHavePublished(moved);
    expect(kit).toHaveSucceeded(letter);
    expect(kit).toHaveDied(stamp, 'attempts-exhausted');
    expect(() => expect(kit).toHaveSucceeded(stamp)).toThrow('"stamp" has dead: attempts-exhausted: no ink');
    expect(() => expect(kit).not.toHaveEnqueued(letter)).toThrow('one job of "letter" was queued');
  });
});
