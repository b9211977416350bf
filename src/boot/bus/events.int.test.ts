import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { note, noteThing, thingHappened } from '../../../tests/faults/app/outbox.config.ts';
import { startProcess } from '../../../tests/support/child-process.ts';
import { program } from '../../../tests/support/programs.ts';
import { freshDatabase, namespace, redisUrl, type FreshDatabase } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { openEngine } from '../../engine/index.ts';
import { Bus, RedisStreamsTransport } from '../../events/index.ts';
import { Outbox } from '../../outbox/index.ts';
import { runCli } from '../../cli/run-cli.ts';
import { inTransaction } from '../../../tests/support/in-transaction.ts';

const APP = program('tests/faults/app/outbox.config.ts');
const CLI = program('src/cli/main.ts');

describe('the command line, events and outbox', () => {
  let database: FreshDatabase;
  let variables: Record<string, string>;
  let bus: Bus;

  beforeEach(async () => {
    database = await freshDatabase();
    const space = namespace();
    variables = { REDIS_URL: redisUrl(), DATABASE_URL: database.url, SHIFTWORK_NAMESPACE: space };
    bus = new Bus({
      events: [thingHappened],
      transport: new RedisStreamsTransport({ url: redisUrl(), namespace: space }),
    });
  });
  afterEach(async () => {
    await bus.close(500);
    await database.drop();
  });

  const run = async (...args: string[]) => {
    const printed: string[] = [];
    const complained: string[] = [];
    const code = await runCli(args[0] === 'outbox' ? args : [...args, '--app', APP], {
      variables,
      print: line => void printed.push(line),
      complain: line => void complained.push(line),
      readInput: async () => '',
      readSecret: async () => '',
    });
    return { code, printed, complained };
  };

  test('migrate makes the outbox; its status says what waits, and reconcile what was found', async () => {
    expect((await run('migrate')).printed).toContainEqual(expect.stringContaining('done (entries, slots, inbox'));
    expect((await run('migrate')).printed).toContainEqual(expect.stringContaining('outbox: tables are up to date'));
    const pool = new Pool({ connectionString: database.url });
    const outbox = new Outbox({ namespace: variables['SHIFTWORK_NAMESPACE'] });
    await inTransaction(pool, tx => outbox.enqueue(tx, note, { key: 'k' }));
    await pool.end();
    const status = await run('outbox', 'status', '--json');
    expect(JSON.parse(status.printed[0] ?? '')).toMatchObject({ pending: 1, unfinished: 0, stuck: [] });
    expect((await run('outbox', 'status')).printed[0]).toMatch(/^to send +1, the oldest for /);
    expect((await run('outbox', 'reconcile')).printed).toEqual([
      'checked 0: 0 are sent again, 0 are in the engine, 0 had ended',
    ]);
    expect((await run('outbox', 'else')).code).toBe(2);
    delete variables['DATABASE_URL'];
    const without = await run('outbox', 'status');
    expect(without).toMatchObject({ code: 2 });
    expect(without.complained.join()).toContain('DATABASE_URL');
  });

  test('replay runs one reaction over past events, and making the same jobs again makes none', async () => {
    const before = new Date(Date.now() - 1_000).toISOString();
    for (const id of ['a', 'b', 'c']) await bus.publish(thingHappened({ key: id }, { id }));
    const count = async (): Promise<number> => {
      const engine = openEngine({ url: redisUrl(), namespace: variables['SHIFTWORK_NAMESPACE'], role: 'producer' });
      const jobs = await (await engine.queue('notes')).getJobCountByTypes('waiting', 'prioritized');
      await engine.close();
      return jobs;
    };
    await expect(run('events', 'replay', noteThing.name, '--from', 'b')).resolves.toMatchObject({
      code: 0,
      printed: ['2 events of thing.happened'],
    });
    expect(await count()).toBe(2);
    expect((await run('events', 'replay', noteThing.name, '--from', before, '--json')).printed).toEqual([
      '{"replayed":3}',
    ]);
    expect(await count()).toBe(3);
    expect((await run('events', 'replay', 'nobody', '--from', 'b')).complained.join()).toContain(noteThing.name);
    expect((await run('events', 'replay', noteThing.name)).code).toBe(2);
  });

  test('dead letters are listed, replayed and discarded', async () => {
    await bus.subscribe(
      thingHappened,
      () => {
        throw new Error('broken');
      },
      { group: 'g', attempts: 1 },
    );
    await bus.publish(thingHappened({ key: 'k' }, { id: 'e-1' }));
    const [letter] = await waitFor('the letter', async () => {
      const letters = await bus.deadLetters();
      return letters.length > 0 && letters;
    });
    const id = letter?.id ?? '';
    const listed = JSON.parse((await run('events', 'dead-letters', '--json')).printed[0] ?? '') as unknown[];
    expect(listed).toMatchObject([{ id, subscription: 'g', eventId: 'e-1', reason: 'attempts-exhausted' }]);
    expect((await run('events', 'dead-letters')).printed.join('\n')).toContain('thing.happened');
    expect((await run('events', 'dead-letters', 'discard', id)).code).toBe(0);
    expect(await run('events', 'dead-letters', 'replay', id)).toMatchObject({ code: 1 });
    expect((await run('events', 'dead-letters', 'burn', id)).code).toBe(2);
  });

  test('dead letters that cannot be read are not said to be none', async () => {
    const redis = new Redis(redisUrl());
    try {
      await redis.set(`${variables['SHIFTWORK_NAMESPACE']}:events:dead`, 'no stream');
    } finally {
      redis.disconnect();
    }
    for (const asked of [[], ['groups'], ['replay', '--kind', 'event', '--yes'], ['show', 'event~1-1']]) {
      const { code, printed, complained } = await run('dead-letters', ...asked);
      expect([asked, code]).toEqual([asked, 1]);
      expect(printed).not.toContain('no dead letters');
      expect(complained.filter(line => line.startsWith('Dead letters of kind "event" could not be read'))).toHaveLength(
        1,
      );
      expect(complained.join()).not.toContain('is known');
    }
    expect(await run('dead-letters', '--kind', 'job')).toMatchObject({ code: 0, printed: ['no dead letters'] });
  });

  test('tail prints a line for each event, without its payload, and ends with 0', async () => {
    const child = startProcess(CLI, { args: ['events', 'tail', 'thing.*', '--json', '--app', APP], env: variables });
    await child.line(/^listening/);
    await bus.publish(thingHappened({ key: 'payload' }, { id: 'e-1', correlationId: 'c-1' }));
    const line = await child.line(/e-1/);
    expect(JSON.parse(line)).toMatchObject({ id: 'e-1', type: 'thing.happened', correlationId: 'c-1' });
    expect(line).not.toContain('payload');
    child.kill('SIGINT');
    expect(await child.ended).toBe(0);
  });
});
