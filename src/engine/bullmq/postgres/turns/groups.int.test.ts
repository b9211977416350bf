import { Client, Pool } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../../../../tests/support/engines.ts';
import { waitFor } from '../../../../../tests/support/wait-for.ts';
import { groupsContract, type OpenGroupedQueue } from '../../../suites/groups.contract-suite.ts';
import { fairContract } from '../../../suites/fair.contract-suite.ts';
import { tiersContract } from '../../../suites/tiers.contract-suite.ts';
import { strictContract } from '../../../suites/strict.contract-suite.ts';
import { heldEndsContract } from '../../../suites/held-ends.contract-suite.ts';
import { FOR_GOOD, groupsOf, type End, type GroupLimit } from '../../../turns/index.ts';
import { PostgresEngine } from '../../../postgres/postgres-engine.ts';

const NOW = 1_900_000_000_000;

let database: FreshDatabase;
let engine: PostgresEngine;

beforeAll(async () => {
  database = await freshDatabase();
  engine = new PostgresEngine(new URL(database.url), { url: database.url, role: 'worker' });
  await engine.migrate();
});
afterAll(async () => {
  await engine.close(1_000);
  await database.drop();
});

async function open(name: string, limits: readonly GroupLimit[] | undefined): Promise<OpenGroupedQueue> {
  const stored = await engine.queue(name);
  return {
    queue: await engine.turns(name, { limits }),
    stateOf: id => stored.getJobState(id),
    mark: async (id, progress) => (await stored.getJob(id))?.updateProgress(progress),
    remove: async id => (await stored.getJob(id))?.remove(),
    replay: async id => (await stored.getJob(id))?.retry('failed'),
    handBack: async ({ id, token }) => (await stored.getJob(id))?.moveToWait(token),
    close: async () => undefined,
  };
}

/** Until the test is over. */
async function connected(): Promise<Client> {
  const client = new Client({ connectionString: database.url, options: '-c search_path=bullmq' });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

groupsContract('PostgreSQL', open);
heldEndsContract('PostgreSQL', open);
strictContract('PostgreSQL', open);
tiersContract('PostgreSQL', open);
fairContract('PostgreSQL', open);

test('starts of a group whose window is over go a few at a time with its turns, all in the end, and count no more', async () => {
  const name = 'starts';
  const queue = await engine.turns(name, { limits: [{ name: 'host', rate: { max: 2_000, perMs: 60_000 } }] });
  const client = await connected();
  const left = async (): Promise<number> => {
    const counted = 'SELECT count(*)::int AS left FROM shiftwork_group_start WHERE queue = $1';
    return (await client.query<{ left: number }>(counted, [name])).rows[0]?.left ?? 0;
  };
  await client.query(
    `INSERT INTO shiftwork_group_start (queue, name, at, due, over, nth)
     SELECT $1, 'host/a', $2::bigint, $2, $2 + 60000, nth FROM generate_series(1, 2000) AS nth`,
    [name, NOW],
  );
  const opts = { priority: 20, groups: ['host/a'] };
  await queue.add(['a1', 'a2'].map(id => ({ id, name: 'call', data: '{}', opts, timestamp: NOW })));
  const turn = (id: string, now: number) =>
    queue.turn({
      id,
      now,
      ends: [],
      take: { tokens: [id], worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 },
    });
  expect((await turn('early', NOW + 30_000)).jobs).toEqual([]);
  expect((await turn('late', NOW + 200_000)).jobs.map(({ id }) => id)).toEqual(['a1']);
  const after = await left();
  expect(after).toBeLessThan(2_001);
  expect(after).toBeGreaterThan(1_900);
  await queue.returnStalled(NOW + 400_000, 1, 1);
  expect(await left()).toBe(0);
});

test('a job whose row somebody else has holds up no turn: others are served, and it comes later', async () => {
  const name = 'changed';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', fair: true }] });
  const client = await connected();
  for (const id of ['a', 'b']) {
    const opts = { priority: 20, groups: [`tenant/${id}`], fair: { limit: 'tenant' } };
    await queue.add([{ id, name: 'call', data: '{}', opts, timestamp: NOW }]);
  }
  const taken = async (id: string, now: number) => {
    const take = { tokens: [`${id}1`, `${id}2`], worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
    return (await queue.turn({ id, now, ends: [], take })).jobs.map(job => job.id);
  };
  // As an add under a key that changes a waiting job: behind that it waits for the turn.
  await client.query('BEGIN');
  await client.query("SELECT FROM job WHERE queue = $1 AND id = 'a' FOR UPDATE", [name]);
  expect(await taken('first', NOW)).toEqual(['b']);
  await client.query('COMMIT');
  expect(await taken('second', NOW + 1)).toEqual(['a']);
});

test('a turn that comes again does not keep others from taking while it waits for the rows of its ends', async () => {
  const name = 'again';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', fair: true }] });
  const [first, second] = await Promise.all(
    [0, 1].map(async () => {
      const client = new Client({ connectionString: database.url, options: '-c search_path=bullmq' });
      await client.connect();
      onTestFinished(() => client.end());
      return client;
    }),
  );
  if (first === undefined || second === undefined) throw new Error('no clients');
  const opts = { priority: 20, groups: ['tenant/a'], fair: { limit: 'tenant' } };
  await queue.add([{ id: 'a', name: 'call', data: '{}', opts, timestamp: NOW }]);
  const take = { tokens: ['token'], worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
  await queue.turn({ id: 'take', now: NOW, ends: [], take });
  const { rows } = await second.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await first.query('BEGIN');
  await first.query("SELECT FROM job WHERE queue = $1 AND id = 'a' FOR UPDATE", [name]);
  const ends = JSON.stringify([{ id: 'a', token: 'token', kind: 'completed', value: 1 }]);
  const text = `SELECT codes FROM shiftwork_turn_within($1, $2, 0, '{}', 0, '', NULL, NULL, 0, $3, 'sender', 1, 'turn', true, '{}', '{}', '{}')`;
  let isFree: boolean | undefined;
  const again = async (): Promise<unknown> => {
    for (;;) {
      const answer = await second.query(text, [name, ends, NOW]).catch((error: unknown) => error);
      // It waits for half a second at most, whatever the machine is at: until it was seen to.
      if (isFree !== undefined) return answer;
    }
  };
  const settled = again();
  await waitFor('a turn that waits', async () => {
    const { rows: found } = await first.query<{ free: boolean | null }>(
      `SELECT CASE WHEN EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)
                   THEN pg_try_advisory_xact_lock(hashtext('shiftwork:groups:' || $2)) END AS free`,
      [rows[0]?.pid, name],
    );
    isFree = found[0]?.free ?? undefined;
    return isFree !== undefined;
  });
  await first.query('COMMIT');
  await settled;
  expect(isFree).toBe(true);
});

test('nothing is left of groups whose jobs another program has removed, though no job of them comes any more', async () => {
  const name = 'vanished';
  const limits = [
    { name: 'account', concurrency: 1, strict: true },
    { name: 'tenant', fair: true },
  ];
  const queue = await engine.turns(name, { limits });
  const client = await connected();
  const left = async (): Promise<readonly string[]> => {
    const rows = await client.query<{ name: string }>(
      `SELECT name FROM shiftwork_group_owner WHERE queue = $1 UNION ALL SELECT id FROM shiftwork_group_line WHERE queue = $1
       UNION ALL SELECT name FROM shiftwork_group WHERE queue = $1 ORDER BY 1`,
      [name],
    );
    return rows.rows.map(row => row.name);
  };
  const job = (id: string, groups: readonly string[], fair?: { readonly limit: string }) => ({
    id,
    name: 'call',
    data: '{}',
    opts: { priority: 20, attempts: 3, groups, ...(fair && { fair }) },
    timestamp: NOW,
  });
  await queue.add([job('goes', ['account/a', 'tenant/x']), job('stays', ['account/b', 'tenant/x'])]);
  const tokens = ['one', 'two'];
  const { jobs } = await queue.turn({
    id: 'first',
    now: NOW,
    ends: [],
    take: { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 },
  });
  expect(jobs).toHaveLength(2);
  const failure = { message: 'no', stacktrace: [] };
  await queue.turn({
    id: 'second',
    now: NOW,
    ends: jobs.map(({ id, token }) => ({
      jobId: id,
      token,
      end: { what: 'retry', at: NOW + 600_000, failure, lifo: false },
    })),
    take: undefined,
  });
  const share = { limit: 'tenant' };
  await queue.add([job('awaits', ['tenant/x'], share), job('removed', ['tenant/y'], share)]);
  await client.query(`DELETE FROM job WHERE queue = $1 AND id IN ('goes', 'removed')`, [name]);
  // Nobody looks at that group any more.
  await client.query(`UPDATE shiftwork_group SET look_at = $2 WHERE queue = $1 AND name = 'tenant/y'`, [
    name,
    NOW + 9e9,
  ]);
  await queue.returnStalled(NOW, 1, 1);
  expect(await left()).toEqual(['account/b', 'awaits', 'tenant/x']);
});

test('nothing is left of a limit that was removed, once the jobs that it had held have run', async () => {
  const name = 'unlimited';
  const before = await engine.turns(name, { limits: [{ name: 'account', concurrency: 1 }] });
  await before.add(
    ['first', 'held'].map(id => ({
      id,
      name: 'call',
      data: '{}',
      opts: { priority: 20, groups: ['account/a'] },
      timestamp: NOW,
    })),
  );
  const after = await engine.turns(name);
  const ended = async (queue: typeof after, id: string): Promise<readonly string[]> => {
    const take = { tokens: [`${id}-1`, `${id}-2`], worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
    const { jobs } = await queue.turn({ id, now: NOW, ends: [], take });
    const end = { what: 'succeeded', result: '1', keep: {} } as const;
    const ends = jobs.map(({ id: jobId, token }) => ({ jobId, token, end }));
    await queue.turn({ id: `${id}-ends`, now: NOW, ends, take: undefined });
    return jobs.map(job => job.id);
  };
  expect([await ended(before, 'limited'), await ended(after, 'free')]).toEqual([['first'], ['held']]);
  const client = await connected();
  const lines = async (): Promise<number | null> =>
    (await client.query('SELECT FROM shiftwork_group_line WHERE queue = $1', [name])).rowCount;
  expect(await lines()).toBe(1);
  await after.returnStalled(NOW, 1, 1);
  expect(await lines()).toBe(0);
});

test.each(['shiftwork_claim_within', 'shiftwork_claim_fair'])(
  'whose turn it is is found without a look at all groups that have a line (%s)',
  async claim => {
    const name = `many-groups-${claim}`;
    const limits = [{ name: 'host', fair: true }];
    const queue = await engine.turns(name, { limits });
    const groups = 1_500;
    const planned = ['enable_seqscan=off', 'enable_bitmapscan=off', 'plan_cache_mode=force_generic_plan'];
    const options = ['search_path=bullmq', ...planned].map(setting => `-c ${setting}`).join(' ');
    const client = new Client({ connectionString: database.url, options });
    await client.connect();
    onTestFinished(() => client.end());
    // Nothing is to tell the server meanwhile how large the tables are: until something does it believes what it likes.
    for (const table of ['job', 'shiftwork_group'])
      await client.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
    await queue.add(
      Array.from({ length: groups }, (_, nth) => ({
        id: `j${nth}`,
        name: 'call',
        data: '{}',
        opts: { priority: 20, groups: [`host/${nth}`], fair: { limit: 'host' } },
        timestamp: NOW,
      })),
    );
    const tokens = Array.from({ length: 30 }, (_, nth) => `t${nth}`);
    await client.query('BEGIN');
    const taken = await client.query<{ ids: readonly string[] }>(
      `SELECT ids FROM ${claim}($1, $2, 30, $3, 60000, 'tester', 1000000, '{"host": {"fair": true}}', '{}')`,
      [name, NOW, tokens],
    );
    const read = await client.query<{ rows: number }>(
      `SELECT idx_tup_fetch::int AS rows FROM pg_stat_xact_user_tables WHERE relid = 'shiftwork_group'::regclass`,
    );
    await client.query('ROLLBACK');
    expect(taken.rows[0]?.ids).toHaveLength(30);
    expect(read.rows[0]?.rows).toBeLessThan(groups);
  },
);

test('turns of a queue whose groups take turns run side by side: one that is not over keeps no other from taking', async () => {
  const name = 'beside';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', fair: true }] });
  const opts = (id: string) => ({ priority: 20, groups: [`tenant/${id[0]}`], fair: { limit: 'tenant' } });
  await queue.add(
    ['a1', 'b1', 'c1', 'd1', 'a2'].map(id => ({ id, name: 'call', data: '{}', opts: opts(id), timestamp: NOW })),
  );
  const client = await connected();
  const take = (token: string, many: number) => ({
    tokens: Array.from({ length: many }, (_, nth) => `${token}-${nth}`),
    worker: 'tester',
    lockMs: 3_600_000,
    maxBytes: 1_000_000,
  });
  const text = `SELECT id FROM shiftwork_turn_within($1, NULL, 0, '{one}', 60000, '', NULL, NULL, 1000, $2, 'other', 1, 'turn', false,
    '{"tenant": {"fair": true}}', '{}', '{}') WHERE id IS NOT NULL`;
  await client.query('BEGIN');
  const { rows } = await client.query<{ id: string }>(text, [name, NOW]);
  expect(rows).toHaveLength(1);
  // One job that is added meanwhile, and a turn: neither waits for the first.
  await queue.add([{ id: 'e1', name: 'call', data: '{}', opts: opts('e1'), timestamp: NOW }]);
  const beside = (await queue.turn({ id: 'beside', now: NOW, ends: [], take: take('beside', 2) })).jobs;
  expect(beside).toHaveLength(2);
  await client.query('COMMIT');
  const rest = (await queue.turn({ id: 'rest', now: NOW, ends: [], take: take('rest', 9) })).jobs;
  const taken = [...rows, ...beside, ...rest].map(({ id }) => id);
  expect(taken.toSorted()).toEqual(['a1', 'a2', 'b1', 'c1', 'd1', 'e1']);
  expect(taken.indexOf('a2')).toBeGreaterThan(taken.indexOf('a1'));
});

test('a pause that is written while a turn finds nothing paused is known to turns without limits afterwards', async () => {
  const name = 'grouped';
  const queue = await engine.turns(name, { limits: [{ name: 'host', concurrency: 1 }] });
  const plain = await engine.turns(name);
  const take = { worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
  const client = await connected();
  await queue.pauseGroup('job/other', { by: 'person', until: FOR_GOOD, probes: false });
  await queue.resumeGroup('job/other', 'person');
  await client.query('BEGIN');
  await client.query(`SELECT shiftwork_pause_group($1, '!job/call', $2, false)`, [name, FOR_GOOD]);
  await queue.turn({ id: 'finds-nothing', now: NOW, ends: [], take: { ...take, tokens: ['one'] } });
  await client.query('COMMIT');
  await queue.add([{ id: 'a1', name: 'call', data: '{}', opts: { priority: 20 }, timestamp: NOW }]);
  expect((await plain.turn({ id: 'plain', now: NOW, ends: [], take: { ...take, tokens: ['two'] } })).jobs).toEqual([]);
});

test.for<Omit<GroupLimit, 'name'>>([{ fair: true }, { concurrency: 5 }, { fair: true, concurrency: 5 }])(
  'what is paused while a turn (%o) waits for one that is alone does not start in it, and the others are taken at once afterwards',
  async limit => {
    const { fair = false } = limit;
    const name = `paused-meanwhile-${JSON.stringify(limit)}`;
    const queue = await engine.turns(name, { limits: [{ name: 'tenant', ...limit }] });
    const opts = (id: string) => ({
      priority: 20,
      groups: [`tenant/${id[0]}`],
      ...(fair && { fair: { limit: 'tenant' } }),
    });
    await queue.add(['a1', 'b1'].map(id => ({ id, name: 'call', data: '{}', opts: opts(id), timestamp: NOW })));
    const client = await connected();
    const take = (token: string) => ({
      tokens: [`${token}-1`, `${token}-2`],
      worker: 'tester',
      lockMs: 60_000,
      maxBytes: 1_000_000,
    });
    await client.query('BEGIN');
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('shiftwork:groups:' || $1))`, [name]);
    const held = queue.turn({ id: 'held', now: NOW, ends: [], take: take('held') });
    await waitFor('the turn to wait', async () => {
      const waits = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND mode = 'ShareLock'
       AND objid = (hashtext($1)::bigint & 4294967295)::oid AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      return (await client.query(waits, [`shiftwork:groups:${name}`])).rowCount === 1;
    });
    await queue.pauseGroup('tenant/a', { by: 'person', until: FOR_GOOD, probes: false });
    await client.query('COMMIT');
    const { jobs } = await held;
    // On a slow machine it has given up its first wait, and was alone in its second.
    const next = await queue.turn({ id: 'next', now: NOW, ends: [], take: take('next') });
    expect([...jobs, ...next.jobs].map(({ id }) => id)).toEqual(['b1']);
  },
);

test.for<Omit<GroupLimit, 'name'>>([{ fair: true }, { concurrency: 3 }, { fair: true, concurrency: 3 }])(
  'many turns and adds side by side lose no job of groups (%o), start none twice and no more of a group than may run, and leave nothing of the groups',
  async limit => {
    const { fair = false, concurrency = Number.POSITIVE_INFINITY } = limit;
    const name = `crowd-${fair}-${concurrency}`;
    const queues = await Promise.all(
      [0, 1, 2, 3].map(() => engine.turns(name, { limits: [{ name: 'tenant', ...limit }] })),
    );
    const pool = new Pool({ connectionString: database.url, options: '-c search_path=bullmq' });
    onTestFinished(() => pool.end());
    // A statement sees all of a turn, or nothing.
    const mostOfAGroup = async (): Promise<number> => {
      const text = `SELECT count(*)::int AS runs FROM job WHERE queue = $1 AND state = 'active' GROUP BY opts -> 'groups' ORDER BY 1 DESC LIMIT 1`;
      return (await pool.query<{ runs: number }>(text, [name])).rows[0]?.runs ?? 0;
    };
    const taken: string[] = [];
    const added: string[] = [];
    let adding = true;
    const produce = async (): Promise<void> => {
      for (let round = 0; round < 30; round += 1) {
        // Groups that come and go, some of them in several adds at the same time.
        const jobs = Array.from({ length: 10 }, (_, nth) => ({
          id: `j${round}-${nth}`,
          name: 'call',
          data: '{}',
          opts: {
            priority: 20,
            groups: [`tenant/${(round * 7 + nth) % 13}`],
            ...(fair && { fair: { limit: 'tenant' } }),
          },
          timestamp: NOW,
        }));
        added.push(...jobs.map(({ id }) => id));
        await Promise.all(jobs.map((job, nth) => queues[nth % queues.length]?.add([job])));
      }
      adding = false;
    };
    let turns = 0;
    const work = async (queue: (typeof queues)[number]): Promise<void> => {
      let ends: readonly End[] = [];
      for (;;) {
        const wasAdding = adding;
        const id = `turn-${(turns += 1)}`;
        const tokens = [0, 1, 2, 3, 4].map(nth => `${id}-${nth}`);
        const { jobs } = await queue.turn({
          id,
          now: NOW,
          ends,
          take: { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 },
        });
        taken.push(...jobs.map(job => job.id));
        expect(await mostOfAGroup()).toBeLessThanOrEqual(concurrency);
        ends = jobs.map(({ id: jobId, token, opts }) => ({
          jobId,
          token,
          end: { what: 'succeeded', result: '1', keep: {} },
          groups: groupsOf(opts),
        }));
        if (jobs.length === 0 && !wasAdding && taken.length >= added.length) return;
      }
    };
    await Promise.all([produce(), ...queues.map(work)]);
    expect(taken.toSorted()).toEqual(added.toSorted());
    const { rows } = await pool.query(
      `SELECT name FROM shiftwork_group WHERE queue = $1 UNION ALL SELECT id FROM shiftwork_group_line WHERE queue = $1`,
      [name],
    );
    expect(rows).toEqual([]);
  },
);

test('turns that count who runs go on side by side: none waits for the jobs that another is starting, and none starts more of their group', async () => {
  const name = 'counted';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', concurrency: 1 }] });
  await queue.add(
    ['a1', 'b1', 'a2', 'c1'].map(id => ({
      id,
      name: 'call',
      data: '{}',
      opts: { priority: 20, groups: [`tenant/${id[0]}`] },
      timestamp: NOW,
    })),
  );
  const client = await connected();
  const turn = async (id: string, ends: readonly End[] = []): Promise<readonly string[]> => {
    const tokens = [0, 1, 2].map(nth => `${id}-${nth}`);
    const take = { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
    return (await queue.turn({ id, now: NOW, ends, take })).jobs.map(job => job.id);
  };
  const text = `SELECT id FROM shiftwork_turn_within($1, NULL, 0, '{one}', 60000, '', NULL, NULL, 1000, $2, 'other', 1, 'turn', false,
    '{"tenant": {"concurrency": 1}}', '{}', '{}', false) WHERE id IS NOT NULL`;
  await client.query('BEGIN');
  expect((await client.query<{ id: string }>(text, [name, NOW])).rows).toEqual([{ id: 'a1' }]);
  expect(await turn('beside')).toEqual(['b1']);
  const alone = turn('alone');
  await waitFor('the next one to wait until it is alone', async () => {
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return ((await client.query(waits)).rowCount ?? 0) > 0;
  });
  await client.query('COMMIT');
  expect(await alone).toEqual(['c1']);
  const end: End = {
    jobId: 'a1',
    token: 'one',
    end: { what: 'succeeded', result: '1', keep: {} },
    groups: ['tenant/a'],
  };
  expect(await turn('ended', [end])).toEqual(['a2']);
});

/** Of a group that runs one at a time: `a1` has begun, `a2` waits for its `end`. */
async function oneOfTwoRuns(name: string) {
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', fair: true, concurrency: 1 }] });
  const opts = { priority: 20, groups: ['tenant/a'], fair: { limit: 'tenant' } };
  const turn = async (id: string, ends: readonly End[] = []): Promise<readonly string[]> => {
    const take = { tokens: [id], worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
    return (await queue.turn({ id, now: NOW, ends, take })).jobs.map(job => job.id);
  };
  await queue.add(['a1', 'a2'].map(id => ({ id, name: 'call', data: '{}', opts, timestamp: NOW })));
  expect(await turn('first')).toEqual(['a1']);
  const end: End = {
    jobId: 'a1',
    token: 'first',
    end: { what: 'succeeded', result: '1', keep: {} },
    groups: opts.groups,
  };
  return { turn, end };
}

test('a group that was found full while an end of it waited for that turn is served with the next one', async () => {
  const name = 'full-meanwhile';
  const { turn, end } = await oneOfTwoRuns(name);
  const client = await connected();
  await client.query('BEGIN');
  await client.query(`SELECT pg_advisory_xact_lock(hashtext('shiftwork:groups:' || $1))`, [name]);
  const ended = turn('ended', [end]);
  await waitFor('the turn to wait', async () => {
    const waits = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    return ((await client.query(waits)).rowCount ?? 0) > 0;
  });
  const text = `SELECT id FROM shiftwork_turn_within($1, NULL, 0, '{other}', 60000, '', NULL, NULL, 1000, $2, 'other', 1, 'turn', false,
    '{"tenant": {"fair": true, "concurrency": 1}}', '{}', '{}', true) WHERE id IS NOT NULL`;
  expect((await client.query(text, [name, NOW])).rows).toEqual([]);
  await client.query('COMMIT');
  expect([...(await ended), ...(await turn('next'))]).toEqual(['a2']);
});

test('a job that a turn beside others has had in its hands and has left is told of: those that found it there do not look again', async () => {
  const name = 'left';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', concurrency: 1 }] });
  const opts = { priority: 20, groups: ['tenant/a'] };
  await queue.add(['a1', 'a2'].map(id => ({ id, name: 'call', data: '{}', opts, timestamp: NOW })));
  const [held, listens] = [await connected(), await connected()];
  const take = { worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
  await held.query('BEGIN');
  await held.query('SELECT FROM job WHERE queue = $1 FOR UPDATE', [name]);
  const found = await queue.turn({ id: 'none', now: NOW, ends: [], take: { ...take, tokens: ['none'] } });
  expect(found).toMatchObject({ jobs: [], rest: { kind: 'none' } });
  await held.query('COMMIT');
  const told: (string | undefined)[] = [];
  listens.on('notification', ({ payload }) => told.push(payload));
  await listens.query('LISTEN bullmq_jobs');
  const tokens = ['one', 'two'];
  const { jobs } = await queue.turn({ id: 'cut', now: NOW, ends: [], take: { ...take, tokens } });
  expect(jobs.map(({ id }) => id)).toEqual(['a1']);
  await waitFor('the sign', () => told.includes(name));
});

test('a process of the release before is alone in its turns, as it was', async () => {
  const name = 'before';
  const limits = JSON.stringify({ tenant: { concurrency: 1 } });
  const text = `SELECT held FROM shiftwork_turn_within($1, NULL, 0, '{one}', 60000, '', NULL, NULL, 1000, $2, 'other', 1, 'turn', false, $3, '{}', '{}'`;
  const [ours, theirs] = [await connected(), await connected()];
  await ours.query('BEGIN');
  await ours.query(`${text}, false)`, [name, NOW, limits]);
  await theirs.query(`${text}, false)`, [name, NOW, limits]);
  await expect(theirs.query(`${text})`, [name, NOW, limits])).rejects.toMatchObject({ code: '55P03' });
  await ours.query('COMMIT');
});

test('a turn that has made room in one group and an add to it and to another do not wait for each other', async () => {
  const name = 'both';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', fair: true, concurrency: 1 }] });
  const opts = (id: string) => ({ priority: 20, groups: [`tenant/${id[0]}`], fair: { limit: 'tenant' } });
  await queue.add(['a1', 'b1'].map(id => ({ id, name: 'call', data: '{}', opts: opts(id), timestamp: NOW })));
  const [turn, add] = [await connected(), await connected()];
  const write = 'UPDATE shiftwork_group SET look_at = $2 WHERE queue = $1 AND name = $3';
  await turn.query('BEGIN');
  await turn.query(write, [name, NOW, 'tenant/b']);
  await add.query('BEGIN');
  await add.query('SELECT FROM shiftwork_group WHERE queue = $1 AND name = $2 FOR UPDATE', [name, 'tenant/a']);
  const claim = `SELECT ids FROM shiftwork_claim_fair($1, $2, 1, '{one}', 60000, '', 1000, '{"tenant": {"fair": true, "concurrency": 1}}', '{}')`;
  const claimed = turn.query(claim, [name, NOW]);
  const added = add.query(write, [name, 0, 'tenant/b']);
  expect((await claimed).rows).toEqual([{ ids: [] }]);
  await turn.query('COMMIT');
  await added;
  await add.query('COMMIT');
  const take = { tokens: ['two', 'three'], worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 };
  expect((await queue.turn({ id: 'next', now: NOW, ends: [], take })).jobs).toHaveLength(2);
});

test('room that an end makes while an add writes the row of its group is known', async () => {
  const name = 'written-meanwhile';
  const { turn, end } = await oneOfTwoRuns(name);
  expect(await turn('full')).toEqual([]);
  const client = await connected();
  await client.query('BEGIN');
  await client.query('UPDATE shiftwork_group SET step = 500 WHERE queue = $1', [name]);
  const ended = turn('ended', [end]);
  await waitFor('the turn to wait', async () => {
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return ((await client.query(waits)).rowCount ?? 0) > 0;
  });
  await client.query('COMMIT');
  expect([...(await ended), ...(await turn('next'))]).toEqual(['a2']);
});

test.for([
  { claim: 'shiftwork_claim_counted', limit: { concurrency: 1 } },
  { claim: 'shiftwork_claim_fair', limit: { concurrency: 1, fair: true } },
])(
  '$claim counts who runs behind the locks of its groups: else another may start some in between',
  async ({ claim, limit }) => {
    const name = `behind-${claim}`;
    const queue = await engine.turns(name, { limits: [{ name: 'tenant', ...limit }] });
    const opts = { priority: 20, groups: ['tenant/a'], ...('fair' in limit && { fair: { limit: 'tenant' } }) };
    await queue.add([{ id: 'a1', name: 'call', data: '{}', opts, timestamp: NOW }]);
    const client = await connected();
    // In place of the function that counts: one that says what locks there are by then.
    await client.query(`CREATE SCHEMA ${claim}; SET search_path = ${claim}, bullmq;
    CREATE FUNCTION shiftwork_running(p_queue text) RETURNS jsonb LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO seen SELECT (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')
                            + (SELECT count(*) FROM shiftwork_group WHERE queue = p_queue AND xmax::text <> '0');
      RETURN '{}';
    END; $$;
    CREATE TABLE seen (locks integer)`);
    const text = `SELECT ids FROM ${claim}($1, $2, 1, '{one}', 60000, '', 1000, $3, '{}')`;
    expect((await client.query(text, [name, NOW, JSON.stringify({ tenant: limit })])).rows).toEqual([{ ids: ['a1'] }]);
    expect((await client.query('SELECT locks FROM seen')).rows).toEqual([{ locks: 1 }]);
  },
);

test('a group that a turn beside others finds full, since an end of it is under way, is looked at again at once', async () => {
  const name = 'full-beside';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', fair: true, concurrency: 1 }] });
  const opts = { priority: 20, groups: ['tenant/a'], fair: { limit: 'tenant' } };
  const turn = async (id: string) => {
    const take = { tokens: [id], worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
    const { jobs, rest } = await queue.turn({ id, now: NOW, ends: [], take });
    return { jobs: jobs.map(job => job.id), rest };
  };
  await queue.add(['a1', 'a2'].map(id => ({ id, name: 'call', data: '{}', opts, timestamp: NOW })));
  expect((await turn('first')).jobs).toEqual(['a1']);
  const client = await connected();
  const ends = JSON.stringify([{ id: 'a1', token: 'first', kind: 'completed', value: 1 }]);
  await client.query('BEGIN');
  await client.query(
    `SELECT codes FROM shiftwork_turn_within($1, $2, 0, '{}', 0, '', NULL, NULL, 0, $3, 'other', 1, 'turn', false,
      '{"tenant": {"fair": true, "concurrency": 1}}', '{tenant/a}', '{}', false)`,
    [name, ends, NOW],
  );
  expect(await turn('beside')).toEqual({ jobs: [], rest: { kind: 'more' } });
  await client.query('COMMIT');
  expect((await turn('next')).jobs).toEqual(['a2']);
});

test('a turn that counts who runs says that there is more than it looks at, and gives each job a token of its own where it goes on alone', async () => {
  const name = 'more';
  const queue = await engine.turns(name, { limits: [{ name: 'tenant', concurrency: 1 }] });
  const add = (ids: readonly string[]) =>
    queue.add(
      ids.map(id => ({
        id,
        name: 'call',
        data: '{}',
        opts: { priority: 20, groups: [`tenant/${id.split('-')[0]}`] },
        timestamp: NOW,
      })),
    );
  const turn = (id: string, many: number) => {
    const tokens = Array.from({ length: many }, (_, nth) => `${id}-${nth}`);
    return queue.turn({
      id,
      now: NOW,
      ends: [],
      take: { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 },
    });
  };
  await add(Array.from({ length: 70 }, (_, nth) => `n${nth}`));
  const first = await turn('first', 80);
  expect(first.jobs.length).toBeLessThan(70);
  expect(first.rest).toEqual({ kind: 'more' });
  expect(first.jobs.length + (await turn('second', 80)).jobs.length).toBe(70);
  await add(['a-1', 'a-2', 'b-1']);
  const { jobs } = await turn('cut', 3);
  expect(jobs.map(({ id, token }) => [id, token])).toEqual([
    ['a-1', 'cut-0'],
    ['b-1', 'cut-1'],
  ]);
});
