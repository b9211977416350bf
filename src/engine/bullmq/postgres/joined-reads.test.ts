import type { PgPool, PgQueryResult } from 'bullmq';
import { expect, test, vi } from 'vitest';
import { joinable, joinableRead } from './joinable-reads.ts';
import { JoinedReads } from './joined-reads.ts';

const JOB = '-- A job.\nSELECT * FROM job WHERE queue = $1 AND id = $2;\n';

function reads(answer: (text: string, params: readonly unknown[]) => unknown[] | Error) {
  const asked: { readonly text: string; readonly params: readonly unknown[] }[] = [];
  const pool: PgPool = {
    async query<Row>(text: string, params: readonly unknown[] = []): Promise<PgQueryResult<Row>> {
      asked.push({ text, params });
      const rows = answer(text, params);
      if (rows instanceof Error) throw rows;
      return { rows: rows as Row[], rowCount: rows.length };
    },
    connect: vi.fn<PgPool['connect']>(),
    end: vi.fn<PgPool['end']>(),
    on: () => pool,
    removeAllListeners: () => pool,
  };
  return { pool: new JoinedReads(pool), asked };
}

test('what is asked for many in one turn of the loop is one statement, and each gets its own rows', async () => {
  const { pool, asked } = reads(() => [
    { shiftwork_nth: 2, id: 'b' },
    { shiftwork_nth: 1, id: 'a' },
    { shiftwork_nth: 2, id: 'c' },
  ]);
  const answers = await Promise.all(['x', 'y', 'z'].map(id => pool.query<{ readonly id: string }>(JOB, ['q', id])));
  expect(answers.map(({ rows }) => rows)).toEqual([[{ id: 'a' }], [{ id: 'b' }, { id: 'c' }], []]);
  expect(asked).toEqual([
    {
      text: expect.stringMatching(
        /LATERAL \(SELECT \* FROM \(SELECT \* FROM job WHERE queue = asked\.p1 AND id = asked\.p2\) AS answered OFFSET 0\)/,
      ),
      params: [
        ['q', 'q', 'q'],
        ['x', 'y', 'z'],
      ],
    },
  ]);
});

test('the same question is asked once, and nobody has the rows of another', async () => {
  const { pool, asked } = reads(() => [{ id: 'a' }]);
  const [one, two] = await Promise.all([pool.query(JOB, ['q', 'x']), pool.query(JOB, ['q', 'x'])]);
  expect(asked).toEqual([{ text: JOB, params: ['q', 'x'] }]);
  expect(one.rows).toEqual(two.rows);
  expect(one.rows[0]).not.toBe(two.rows[0]);
});

test('one that the server refuses spoils no other', async () => {
  const { pool, asked } = reads((_text, params) =>
    params.flat().includes('bad') ? new Error('invalid byte sequence') : [{ id: 'a' }],
  );
  const [sound, refused] = await Promise.allSettled([pool.query(JOB, ['q', 'x']), pool.query(JOB, ['q', 'bad'])]);
  expect([sound.status, refused.status]).toEqual(['fulfilled', 'rejected']);
  expect(asked).toHaveLength(3);
});

test('a server that is away is asked once, and all are told', async () => {
  const { pool, asked } = reads(() => Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }));
  const answers = await Promise.allSettled([pool.query(JOB, ['q', 'x']), pool.query(JOB, ['q', 'y'])]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(asked).toHaveLength(1);
});

test.each([
  ['SELECT * FROM shiftwork_turn($1, $2)', ['q', 1]],
  ['DELETE FROM job WHERE queue = $1 AND id = $2', ['q', 'x']],
  [JOB, ['q']],
])('%j goes as it is, at once', async (text, params) => {
  const { pool, asked } = reads(() => []);
  const answer = pool.query(text, params);
  expect(asked).toEqual([{ text, params }]);
  await answer;
});

test('a statement of ours says the types of its parameters; an array among them goes as JSON', async () => {
  const text = joinable(['text', 'text[]'], 'SELECT 1 FROM letter WHERE queue = $1 AND cause = ANY($2::text[])');
  expect(joinableRead(text)).toEqual({ types: ['text', 'text[]'], alone: text, joined: text });
  const { pool, asked } = reads(() => []);
  await Promise.all([pool.query(text, ['q', ['a', 'b']]), pool.query(text, ['r', ['c']])]);
  expect(asked[0]?.params).toEqual([
    ['q', 'r'],
    ['["a","b"]', '["c"]'],
  ]);
  expect(asked[0]?.text).toContain('unnest($1::text[], $2::jsonb[])');
});
