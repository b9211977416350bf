import { hostname } from 'node:os';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { memoryCase } from '../../../tests/support/memory-case.ts';
import { AuditLog } from '../../audit/index.ts';
import { UsageError } from '../../command/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { openJournal } from '../../journal/index.ts';
import { onRecord } from './on-record.ts';

const NOW = Date.UTC(2026, 10, 29);
const ACTION = { command: 'dead-letters discard', what: 'discard dead letters', on: 'cause abc', reason: 'old' };

let engine: Engine;
let said: string[];

beforeEach(async () => {
  const { url, namespace } = await memoryCase(NOW).open();
  engine = openEngine({ url, namespace, role: 'producer' });
  said = [];
  onTestFinished(() => engine.close(100));
});

const terminal = (variables: Readonly<Record<string, string>> = { USER: 'ann' }) => ({
  variables,
  print: () => undefined,
  complain: (line: string) => void said.push(line),
  readInput: async () => '',
  readSecret: async () => '',
});
const entries = async () => (await new AuditLog(engine, () => undefined).read(undefined, 10)).entries;

describe('what a command does is on record', () => {
  test('with who, on which machine, what, on what, why, to how many, and marked for the charts', async () => {
    const answer = await onRecord(
      terminal(),
      engine,
      ACTION,
      async () => 'x',
      () => ({ matched: 5, done: 3 }),
    );
    expect(answer).toBe('x');
    expect(await entries()).toEqual([
      {
        id: expect.any(String),
        at: NOW,
        user: 'cli:ann',
        role: undefined,
        method: 'CLI',
        path: 'shiftwork dead-letters discard',
        status: undefined,
        outcome: 'done',
        client: hostname(),
        detail: { what: ACTION.what, on: ACTION.on, reason: 'old', matched: 5, done: 3, skipped: 2 },
      },
    ]);
    const marks = await (await openJournal(engine)).marks({ from: NOW - 1, to: NOW + 1 }, 10);
    expect(marks.map(({ text, by }) => [text, by])).toEqual([
      ['cli:ann: discard dead letters (cause abc), 3 of 5', 'cli:ann'],
    ]);
    expect(said).toEqual([]);
  });

  test('before it begins where it may be ended before its end', async () => {
    const seen: string[] = [];
    await onRecord(terminal(), engine, { ...ACTION, long: true }, async () => {
      seen.push(...(await entries()).map(({ outcome }) => outcome));
    });
    expect(seen).toEqual(['begun']);
    expect((await entries()).map(({ outcome }) => outcome)).toEqual(['done', 'begun']);
  });

  test.each([
    ['refused', new UsageError('Expected something else.')],
    ['failed', new Error('the network is gone')],
  ] as const)('also where it was %s, and the error is the caller’s', async (outcome, error) => {
    const act = (): Promise<never> => Promise.reject(error);
    await expect(onRecord(terminal(), engine, ACTION, act)).rejects.toBe(error);
    expect(await entries()).toMatchObject([{ outcome, detail: { on: 'cause abc' } }]);
    expect(JSON.stringify(await entries())).not.toContain(error.message);
  });

  test('and where that cannot be written it is done all the same, and said', async () => {
    await engine.close(100);
    expect(await onRecord(terminal(), engine, ACTION, async () => 'done')).toBe('done');
    expect(said).toEqual(['It could not be put on record in the audit that this was done.']);
  });
});

test.each([
  [{ SHIFTWORK_OPERATOR: 'ada (on call)', SUDO_USER: 'bob', USER: 'root' }, 'cli:ada (on call)'],
  [{ SHIFTWORK_OPERATOR: ' ', SUDO_USER: 'bob', USER: 'root' }, 'cli:bob'],
  [{ USER: 'cat', LOGNAME: 'dog' }, 'cli:cat'],
  [{ SHIFTWORK_OPERATOR: `\u001b[31m\n${'x'.repeat(100)}` }, `cli:?[31m?${'x'.repeat(54)}`],
])('%j acts as %s', async (variables, user) => {
  await onRecord(terminal(variables), engine, ACTION, async () => undefined);
  expect(await entries()).toMatchObject([{ user }]);
});
