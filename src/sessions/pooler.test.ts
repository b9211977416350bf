import { expect, onTestFinished, test, vi } from 'vitest';
import { lentSessionProblem, searchPathProblem } from './index.ts';

/** Backends that a pooler has idle: each transaction gets the one that was given back last. */
function pooler(searchPath: string, idle = [1, 2, 3]) {
  const waiting: ((backend: number) => void)[] = [];
  const give = (backend: number): void => {
    const next = waiting.shift();
    if (next === undefined) idle.unshift(backend);
    else next(backend);
  };
  let released = 0;
  const connect = async () => {
    let own: number | undefined;
    return {
      async query(text: string): Promise<{ rows: unknown[] }> {
        const backend = own ?? idle.shift() ?? (await new Promise<number>(resolve => waiting.push(resolve)));
        if (text === 'begin') own = backend;
        else if (text === 'rollback') own = undefined;
        if (own === undefined) give(backend);
        return { rows: [{ answer: text.includes('search_path') ? searchPath : backend }] };
      },
      release: () => void (released += 1),
    };
  };
  return { connect, released: () => released };
}

/** Each connection has a backend of its own. */
function server() {
  let backends = 0;
  return {
    async connect() {
      const backend = (backends += 1);
      return { query: async () => ({ rows: [{ answer: backend }] }), release: () => undefined };
    },
  };
}

test('a pooler that lends sessions for a transaction is known by the backend that answers, and a server is none', async () => {
  const lending = pooler('public');
  expect(await lentSessionProblem(lending)).toContain('PgBouncer with pool_mode = transaction');
  expect(lending.released()).toBe(2);
  expect(await lentSessionProblem(server())).toBeUndefined();
});

test('a pooler that has one session alone is known within seconds, and gets it back', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const lending = pooler('public', [1]);
  const asked = lentSessionProblem(lending);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lending.released()).toBe(2);
  expect(await asked).toContain('PgBouncer with pool_mode = transaction');
});

test('a schema that the sessions do not have is named with who is in between', async () => {
  const asked = async (path: string) => searchPathProblem(await pooler(path).connect(), 'bullmq');
  expect(await asked('"$user", public')).toContain('search_path is "bullmq", found that it was not taken: a pooler');
  expect(await asked('"bullmq"')).toBeUndefined();
  expect(await asked('bullmq')).toBeUndefined();
});
