import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';
import { Client, Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../../../../tests/support/engines.ts';
import { MIGRATED_NAMESPACE } from '../../../../../tests/support/templates.ts';
import { PATIENT } from '../../../../../tests/support/wait-for.ts';
import type { End, EndKind, NewJob, StoredKey, Take, TakenJob, TurnQueue } from '../../../turns/index.ts';
import { turnsContract } from '../../../suites/turns.contract-suite.ts';
import { PostgresEngine } from '../../../postgres/postgres-engine.ts';
import { listen } from '../../../../sessions/index.ts';
import { PostgresTurnQueue, WorkSigns, type WorkSignsParts } from './index.ts';

/** The engine's pool, as a bad network would have it. */
class UnsteadyPool implements PgPool {
  readonly #pool: PgPool;
  queries = 0;
  losesNext: 'question' | 'answer' | undefined;
  /** How many come through before. */
  spares = 0;

  constructor(pool: PgPool) {
    this.#pool = pool;
  }

  async query<Row>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<Row>> {
    this.queries += 1;
    const loses = this.spares > 0 ? undefined : this.losesNext;
    if (this.spares > 0) this.spares -= 1;
    else this.losesNext = undefined;
    if (loses === 'question') throw new Error('Connection terminated unexpectedly');
    const result = await this.#pool.query<Row>(text, params);
    if (loses === 'answer') throw new Error('Connection terminated unexpectedly');
    return result;
  }

  connect(): Promise<PgPoolClient> {
    return this.#pool.connect();
  }

  async end(): Promise<void> {}

  on(): this {
    return this;
  }

  removeAllListeners(): this {
    return this;
  }
}

/** Nobody waits for work there. */
const unheard = (pool: PgPool) => new WorkSigns({ pool, listen: () => undefined });

async function poolOf(engine: PostgresEngine): Promise<PgPool> {
  const backing = await engine.backing();
  if (backing.kind !== 'postgres') throw new Error('Expected a pool.');
  return backing.pool;
}

const SCHEMA = 'bullmq';
const NEVER = new AbortController().signal;

describe('turns on PostgreSQL', () => {
  let database: FreshDatabase;
  let engine: PostgresEngine;
  let queue: TurnQueue;
  let asker: Client;
  /** The connections that listen. */
  let hearers: Pool;
  let name = '';
  let count = 0;

  beforeAll(async () => {
    database = await freshDatabase();
    engine = new PostgresEngine(new URL(database.url), { url: database.url, role: 'worker' });
    await engine.migrate();
    asker = new Client({ connectionString: database.url, options: `-c search_path=${SCHEMA}` });
    asker.on('error', () => undefined);
    await asker.connect();
    hearers = new Pool({ connectionString: database.url, application_name: 'shiftwork hearers' });
    hearers.on('error', () => undefined);
  });
  beforeEach(async () => {
    name = `queue-${(count += 1)}`;
    queue = await engine.turns(name);
  });
  afterAll(async () => {
    await engine.close(1_000);
    await asker.end();
    await hearers.end();
    await database.drop();
  });

  const hear: WorkSignsParts['listen'] = parts => void listen({ ...parts, pool: hearers });
  const rows = async (sql: string, params: readonly unknown[] = []) =>
    (await asker.query(sql, [...params])).rows as unknown[];
  const jobs = (...ids: string[]): NewJob[] =>
    ids.map(id => ({ id, name: 'greet', data: '{"to":"Ann"}', opts: { attempts: 3 }, timestamp: Date.now() }));
  const slots = (count: number, prefix = 'token'): Take => ({
    tokens: Array.from({ length: count }, (_, nth) => `${prefix}-${nth}`),
    worker: 'tester',
    lockMs: 30_000,
    maxBytes: 1_000_000,
  });
  const turn = (ends: readonly End[], take?: Take, id = `turn-${(count += 1)}`) =>
    queue.turn({ id, now: Date.now(), ends, take });
  const ended = (job: TakenJob | undefined, end: EndKind): End => ({
    jobId: job?.id ?? '',
    token: job?.token ?? '',
    end,
  });
  const done = (result = 'null'): EndKind => ({ what: 'succeeded', result, keep: {} });
  const stateOf = async (id: string) =>
    (await rows('SELECT state, return_value FROM job WHERE queue = $2 AND id = $1', [id, name]))[0] as
      { state: string; return_value: unknown } | undefined;

  test('one result that PostgreSQL cannot hold is refused by itself: the others of its turn are settled, and jobs are taken', async () => {
    await queue.add(jobs('a', 'b', 'c', 'd', 'e', 'f'));
    const taken = (await turn([], slots(5))).jobs;
    const ends = taken.map((job, nth) => ended(job, done(nth === 3 ? '"\\u0000"' : `${nth}`)));
    const { settled, jobs: next } = await turn(ends, slots(1, 'next'));
    expect(settled.map(({ kind }) => kind)).toEqual(['settled', 'settled', 'settled', 'refused', 'settled']);
    expect(settled[3]).toMatchObject({ reason: expect.stringContaining('\\u0000') as string });
    expect(next.map(({ id }) => id)).toEqual(['f']);
    expect(await stateOf('d')).toMatchObject({ state: 'active' });
    expect(await stateOf('e')).toMatchObject({ state: 'completed', return_value: 4 });
    // It is still this worker's, who may end it in another way.
    expect(
      (
        await turn([
          ended(taken[3], { what: 'dead', failure: { message: 'x', stacktrace: [] }, attempts: 3, keep: {} }),
        ])
      ).settled,
    ).toEqual([{ kind: 'settled' }]);
  });

  test.each([
    ['the question of its second part', 'question', 2],
    ['the answer to its first part', 'answer', 1],
  ] as const)(
    'a turn with such a result that is sent again, because %s was lost, tells no sound end as another’s',
    async (_what, loses, spares) => {
      await queue.add(jobs('a', 'b', 'c', 'd', 'e', 'f'));
      const taken = (await turn([], slots(5))).jobs;
      const ends = taken.map((job, nth) => ended(job, done(nth === 3 ? '"\\u0000"' : `${nth}`)));
      const pool = new UnsteadyPool(await poolOf(engine));
      queue = new PostgresTurnQueue({ pool, signs: unheard(pool), name, sender: 'tester' });
      Object.assign(pool, { losesNext: loses, spares });
      await expect(turn(ends, slots(1, 'next'), 'cut')).rejects.toThrow('terminated');
      const { settled, jobs: next } = await turn(ends, slots(1, 'next'), 'cut');
      expect(settled.map(({ kind }) => kind)).toEqual(['settled', 'settled', 'settled', 'refused', 'settled']);
      expect(next.map(({ id }) => id)).toEqual(['f']);
    },
  );

  test('one job that PostgreSQL cannot hold is refused by itself, and the others are added in their order', async () => {
    const [first, bad, last] = jobs('first', 'bad', 'last');
    const answers = await queue.add(
      [first, { ...bad, data: '{"text":"\\u0000"}' }, last].filter(job => job !== undefined) as NewJob[],
    );
    expect(answers.map(({ kind }) => kind)).toEqual(['stands', 'refused', 'stands']);
    expect((await turn([], slots(3))).jobs.map(({ id }) => id)).toEqual(['first', 'last']);
  });

  test('last: a job that somebody has locked for a moment is not taken for one that runs: it takes the data when that is over', async () => {
    const keyed = (id: string): NewJob => {
      const deduplication: StoredKey = { id: 'last', keep: 'last', for: 0 };
      return { id, name: 'greet', data: `"${id}"`, opts: { deduplication }, timestamp: Date.now() };
    };
    await queue.add([keyed('a')]);
    const other = new Client({ connectionString: database.url, options: `-c search_path=${SCHEMA}` });
    await other.connect();
    await other.query('BEGIN');
    await other.query("SELECT FROM job WHERE queue = $1 AND id = 'a' FOR UPDATE", [name]);
    const pool = new UnsteadyPool(await poolOf(engine));
    const adding = new PostgresTurnQueue({ pool, signs: unheard(pool), name, sender: 'adder' }).add([keyed('b')]);
    // It has met the lock once, and asks again.
    await vi.waitFor(() => expect(pool.queries).toBeGreaterThan(1), PATIENT);
    await other.query('COMMIT');
    await other.end();
    expect(await adding).toEqual([{ kind: 'updated', id: 'a' }]);
    expect((await turn([], slots(2))).jobs).toMatchObject([{ id: 'a', data: 'b' }]);
  });

  test('steps of jobs that are gone go with the look for stalled jobs, those of others stay', async () => {
    await queue.add(jobs('gone', 'stays'));
    const taken = (await turn([], slots(2))).jobs;
    for (const { id: jobId, token } of taken) await queue.storeStep({ jobId, token, name: 'one', result: '1' });
    await turn([ended(taken[0], { what: 'succeeded', result: 'null', keep: { count: 0 } })]);
    await asker.query("UPDATE shiftwork_step SET looked_at = now() - interval '1 hour' WHERE queue = $1", [name]);
    await queue.returnStalled(Date.now(), 1, 100);
    expect(await rows('SELECT job_id FROM shiftwork_step WHERE queue = $1', [name])).toEqual([{ job_id: 'stays' }]);
  });

  test('a turn that is sent again, because its answer was lost, is not done again: it answers what it did, with the jobs that are still held', async () => {
    await queue.add(jobs('a', 'b', 'c', 'd'));
    const [a] = (await turn([], slots(1))).jobs;
    const ends = [ended(a, { what: 'retry', at: 0, failure: { message: 'no', stacktrace: [] }, lifo: false })];
    // The statement is done, and its answer is lost on the way.
    const pool = new UnsteadyPool(await poolOf(engine));
    queue = new PostgresTurnQueue({ pool, signs: unheard(pool), name, sender: 'tester' });
    pool.losesNext = 'answer';
    await expect(turn(ends, slots(2, 'second'), 'lost')).rejects.toThrow('terminated');
    expect(await rows("SELECT id FROM job WHERE queue = $1 AND state = 'active' ORDER BY seq", [name])).toEqual([
      { id: 'b' },
      { id: 'c' },
    ]);
    const again = await turn(ends, slots(2, 'second'), 'lost');
    expect(again.settled).toEqual([{ kind: 'settled' }]);
    expect(again.jobs.map(({ id, token }) => [id, token])).toEqual([
      ['b', 'second-0'],
      ['c', 'second-1'],
    ]);
    expect(await rows("SELECT attempts_made FROM job WHERE queue = $1 AND id = 'a'", [name])).toEqual([
      { attempts_made: 1 },
    ]);
  });

  test('a turn whose statement never came there is done when it is sent again', async () => {
    await queue.add(jobs('a'));
    const pool = new UnsteadyPool(await poolOf(engine));
    queue = new PostgresTurnQueue({ pool, signs: unheard(pool), name, sender: 'tester' });
    pool.losesNext = 'question';
    await expect(turn([], slots(1), 'cut')).rejects.toThrow('terminated');
    expect((await turn([], slots(1), 'cut')).jobs.map(({ id }) => id)).toEqual(['a']);
  });

  test('adds that are called at about the same time are one statement, in the order of the calls', async () => {
    const pool = new UnsteadyPool(await poolOf(engine));
    queue = new PostgresTurnQueue({ pool, signs: unheard(pool), name, sender: 'tester' });
    const ids = Array.from({ length: 50 }, (_, nth) => `job-${nth}`);
    await Promise.all(ids.map(id => queue.add(jobs(id))));
    expect(pool.queries).toBe(1);
    expect(await rows('SELECT id FROM job WHERE queue = $1 ORDER BY seq', [name])).toEqual(ids.map(id => ({ id })));
  });

  test('no more is taken than the bound in bytes allows, and one job whatever its size', async () => {
    const noise = Array.from({ length: 4_000 }, (_, nth) => ((nth * 2_654_435_761) >>> 0).toString(36)).join('');
    await queue.add(jobs('a', 'b', 'c').map(job => ({ ...job, data: JSON.stringify({ noise: noise + job.id }) })));
    const small = { ...slots(3), maxBytes: 10 };
    const first = await turn([], small);
    expect(first.jobs.map(({ id }) => id)).toEqual(['a']);
    expect(first.rest).toEqual({ kind: 'more' });
    expect((await turn([], { ...slots(3, 'more'), maxBytes: 1_000_000 })).jobs.map(({ id }) => id)).toEqual(['b', 'c']);
  });

  test('fifty queues of a process share its pool and one connection that listens; idle they ask nothing, and each wakes for its own work', async () => {
    const pool = new UnsteadyPool(await poolOf(engine));
    const signs = new WorkSigns({ pool, listen: hear });
    const queues = Array.from({ length: 50 }, (_, nth) => {
      signs.watch(`${name}-${nth}`);
      return new PostgresTurnQueue({ pool, signs, name: `${name}-${nth}`, sender: 'tester' });
    });
    // When it begins to listen it wakes all once: signs of before are lost.
    await Promise.all(queues.map(each => each.waitForWork(Date.now(), undefined, NEVER)));
    const woken: string[] = [];
    const enough = new AbortController();
    const waits = queues.map(async each => {
      await each.waitForWork(Date.now(), undefined, enough.signal);
      if (!enough.signal.aborted) woken.push(each.name);
    });
    const asked = pool.queries;
    await (await engine.turns(`${name}-7`)).add(jobs('one'));
    await vi.waitFor(() => expect(woken).toEqual([`${name}-7`]), PATIENT);
    expect(pool.queries).toBe(asked);
    const [open] = (await rows(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'shiftwork %'",
    )) as [{ count: number }];
    // Four for what is asked, one that listens.
    expect(open.count).toBeLessThanOrEqual(5);
    enough.abort();
    await Promise.all(waits);
    signs.close();
  });

  test('a queue that is full goes on when a job of another process has ended, of which nobody is notified', async () => {
    await rows("INSERT INTO meta (queue, field, value) VALUES ($1, 'concurrency', '1')", [name]);
    await queue.add(jobs('a', 'b'));
    const other = await engine.turns(name);
    const [a] = (await other.turn({ id: 'other', now: Date.now(), ends: [], take: slots(1, 'other') })).jobs;
    expect(await turn([], slots(1))).toMatchObject({ jobs: [], rest: { kind: 'blocked' } });
    await other.turn({ id: 'other-end', now: Date.now(), ends: [ended(a, done())], take: undefined });
    let found: readonly TakenJob[] = [];
    while (found.length === 0) {
      await queue.waitForWork(Date.now(), undefined, NEVER);
      found = (await turn([], slots(1))).jobs;
    }
    expect(found[0]?.id).toBe('b');
  });

  test('what processes that are gone were answered is forgotten after an hour, by whoever looks for stalled jobs', async () => {
    await queue.add(jobs('a'));
    await turn([], slots(1));
    const kept = () => rows('SELECT turn FROM shiftwork_turn_done WHERE queue = $1', [name]);
    await queue.returnStalled(Date.now(), 1, 1);
    expect(await kept()).toHaveLength(1);
    await queue.returnStalled(Date.now() + 3_700_000, 1, 1);
    expect(await kept()).toEqual([]);
  });

  test('a database that was not migrated is refused with what to do', async () => {
    const engineWithout = new PostgresEngine(new URL(database.url), {
      url: database.url,
      role: 'worker',
      namespace: 'not-yet',
    });
    await expect(engineWithout.turns('email')).rejects.toThrow(/shiftwork migrate/);
    await engineWithout.close(1_000);
  });

  test('it hears of work again after the connection that listens was lost', async () => {
    const pool = await poolOf(engine);
    const signs = new WorkSigns({ pool, listen: hear });
    signs.watch(name);
    queue = new PostgresTurnQueue({ pool, signs, name, sender: 'tester' });
    await turn([], slots(1));
    await queue.waitForWork(Date.now(), undefined, NEVER);
    await rows(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen%' AND datname = current_database()",
    );
    await queue.waitForWork(Date.now(), undefined, NEVER);
    const waiting = queue.waitForWork(Date.now(), undefined, NEVER);
    await queue.add(jobs('after'));
    await waiting;
    expect((await turn([], slots(1))).jobs.map(({ id }) => id)).toEqual(['after']);
    signs.close();
  });

  test('a delayed job wakes its queue when it is due', async () => {
    const pool = await poolOf(engine);
    const signs = new WorkSigns({ pool, listen: hear });
    signs.watch(name);
    queue = new PostgresTurnQueue({ pool, signs, name, sender: 'tester' });
    // When it begins to listen it wakes once.
    await queue.waitForWork(Date.now(), undefined, NEVER);
    // Times are told: however slow the machine is, the job is not due before.
    const added = 1_700_000_000_000;
    const due = added + 3_600_000;
    await queue.add(jobs('later').map(job => ({ ...job, timestamp: added, opts: { delay: 3_600_000 } })));
    const early = await queue.turn({ id: 'early', now: due - 1, ends: [], take: slots(1) });
    expect(early).toMatchObject({ jobs: [], rest: { kind: 'none', delayedUntil: due } });
    // The sign of the add may end one of them, and nothing but the time the others.
    for (let nth = 0; nth < 3; nth += 1) await queue.waitForWork(due - 5, due, NEVER);
    const { jobs: found } = await queue.turn({ id: 'due', now: due, ends: [], take: slots(1) });
    expect(found.map(({ id }) => id)).toEqual(['later']);
    signs.close();
  });

  test('a job that comes again after it is gone, while its key stands, is said to be deduplicated', async () => {
    const deduplication: StoredKey = { id: 'key', keep: 'first', for: 0 };
    const keyed = jobs('a').map(job => ({ ...job, opts: { ...job.opts, deduplication } }));
    await queue.add(keyed);
    const [taken] = (await turn([], slots(1))).jobs;
    const key = { kind: 'stands', id: 'key', forMs: 3_600_000, data: undefined } as const;
    await turn([ended(taken, { what: 'succeeded', result: 'null', keep: { count: 0 }, key })]);
    expect(await queue.add(keyed)).toEqual([{ kind: 'stands', id: 'a' }]);
    expect(await rows("SELECT data FROM event WHERE queue = $1 AND event = 'deduplicated'", [name])).toEqual([
      { data: { jobId: 'a', deduplicationId: 'key', deduplicatedJobId: 'a' } },
    ]);
    expect(await turn([], slots(1))).toMatchObject({ jobs: [] });
  });
});

turnsContract('PostgreSQL', async name => {
  const database = await freshDatabase('migrated_engine');
  const engine = new PostgresEngine(new URL(database.url), {
    url: database.url,
    namespace: MIGRATED_NAMESPACE,
    role: 'worker',
  });
  return { queue: await engine.turns(name), close: () => engine.close(1_000).then(() => database.drop()) };
});
