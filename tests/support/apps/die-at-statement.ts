import type { Pool, PoolClient } from 'pg';

/**
 * The process kills itself at one statement of the pool, counted from 1: `before` it is sent, or `sent`, when the server may do it and
 * nobody hears the answer. Answers how many statements there were so far.
 */
export function dieAtStatement(pool: Pool, dieAt: number, die: string | undefined): () => number {
  let statements = 0;
  const kill = (): void => void process.kill(process.pid, 'SIGKILL');
  pool.on('connect', (client: PoolClient) => {
    const send = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query: (...args: unknown[]) => {
        statements += 1;
        if (statements !== dieAt) return send(...args);
        if (die === 'before') kill();
        const result = send(...args);
        setImmediate(kill);
        return result;
      },
    });
  });
  return () => statements;
}
