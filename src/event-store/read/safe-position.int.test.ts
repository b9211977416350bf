import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PoolClient } from 'pg';
import { collect, counted, openStore, type StoreOfTest, tablesOf } from '../../../tests/support/event-store.ts';

let fixture: StoreOfTest;
const open: PoolClient[] = [];
beforeEach(async () => {
  fixture = await openStore();
});
afterEach(async () => {
  for (const client of open.splice(0)) client.release(true);
  await fixture.close();
});

async function begin(): Promise<PoolClient> {
  const client = await fixture.pool.connect();
  client.on('error', () => undefined);
  open.push(client);
  await client.query('begin');
  return client;
}
const add = (stream: string, tx?: PoolClient) =>
  fixture.store.append(stream, [counted({ by: 1 })], { expectedVersion: 'any', ...(tx !== undefined && { tx }) });
const seen = async (after = 0) => (await collect(fixture.store.readAll({ after }))).map(({ stream }) => stream);

describe('the order of all events', () => {
  test('holds back what was committed while a smaller position is not decided, and then shows both', async () => {
    const [first, second] = [await begin(), await begin()];
    await add('a', first);
    await add('b', second);
    await second.query('commit');
    // "b" is committed at position 2; a subscriber that took it now would never look at position 1 again.
    expect(await seen()).toEqual([]);
    await first.query('commit');
    expect(await seen()).toEqual(['a', 'b']);
  });

  test('holds for transactions that wrote something else long before they append', async () => {
    // Where visibility follows transaction ids alone, the older transaction with the larger position would show too early.
    const [older, younger] = [await begin(), await begin()];
    await older.query('create table elsewhere (n int)');
    await add('young', younger);
    await add('old', older);
    await older.query('commit');
    expect(await seen()).toEqual([]);
    await younger.query('commit');
    expect(await seen()).toEqual(['young', 'old']);
  });

  test('shows what stands before the first undecided position', async () => {
    await add('before');
    const tx = await begin();
    await add('undecided', tx);
    await add('after');
    expect(await seen()).toEqual(['before']);
    await tx.query('rollback');
    expect(await seen()).toEqual(['before', 'after']);
  });

  test('does not wait for a transaction that appends nothing', async () => {
    const idle = await begin();
    await idle.query('create table elsewhere (n int)');
    await add('a');
    expect(await seen()).toEqual(['a']);
  });

  test('does not wait for what was rolled back to a savepoint, and waits for what was appended after it', async () => {
    const tx = await begin();
    await tx.query('savepoint s');
    await add('gone', tx);
    await tx.query('rollback to savepoint s');
    await add('other');
    expect(await seen()).toEqual(['other']);
    await add('kept', tx);
    await add('third');
    expect(await seen()).toEqual(['other']);
    await tx.query('commit');
    expect(await seen()).toEqual(['other', 'kept', 'third']);
  });

  test('goes on at once when the process that held it back is killed', async () => {
    const tx = await begin();
    await add('lost', tx);
    await add('after');
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    await fixture.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await expect.poll(() => seen()).toEqual(['after']);
  });

  test('is right across 2^32 positions, where the key of a lock begins anew', async () => {
    await fixture.pool.query(`select setval('${tablesOf(fixture.store).sequence}', 4294967294)`);
    const tx = await begin();
    await add('a', tx);
    await add('b');
    await add('c');
    expect(await seen()).toEqual([]);
    await tx.query('commit');
    expect(await seen()).toEqual(['a', 'b', 'c']);
    const last = await begin();
    await add('d', last);
    expect(await seen(4294967295)).toEqual(['b', 'c']);
  });

  test('misses nothing when 8 writers commit and roll back at random and a reader follows', async () => {
    const committed: string[] = [];
    let writing = 8;
    const write = async (writer: number): Promise<void> => {
      const client = await fixture.pool.connect();
      for (let n = 0; n < 40; n += 1) {
        const stream = `w${writer}-${n}`;
        await client.query('begin');
        await add(stream, client);
        await client.query('select pg_sleep($1)', [Math.random() / 200]);
        const keep = n % 3 !== 2;
        await client.query(keep ? 'commit' : 'rollback');
        if (keep) committed.push(stream);
      }
      client.release();
      writing -= 1;
    };
    const followed: string[] = [];
    const positions: number[] = [];
    const follow = async (): Promise<void> => {
      for (let last = false; ;) {
        for await (const event of fixture.store.readAll({ after: positions.at(-1) ?? 0 })) {
          followed.push(event.stream);
          positions.push(event.position);
        }
        if (last) return;
        last = writing === 0;
      }
    };
    await Promise.all([follow(), ...Array.from({ length: 8 }, (_, writer) => write(writer))]);
    expect(followed.toSorted()).toEqual(committed.toSorted());
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });
});
