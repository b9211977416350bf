import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { FaultCase } from '../case.ts';
import { differences, withOutbox, type OutboxFixture } from './outbox.ts';

/** Acts with a relay whose way to its database can be cut without a word. */
async function behindProxy<Result>(
  fixture: OutboxFixture,
  act: (proxy: TcpProxy, url: string) => Promise<Result>,
): Promise<Result> {
  const proxy = await startTcpProxy(fixture.postgres.port);
  const url = new URL(fixture.postgres.url);
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  try {
    return await act(proxy, url.href);
  } finally {
    await proxy.close();
  }
}

async function commitSome(fixture: OutboxFixture, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await fixture.commit(`${name}-${index}`);
}

/** What a long-lived session with PostgreSQL meets between the processes. */
export const sessionFaults: readonly FaultCase[] = [
  {
    number: 35,
    title: "the relay's connections go silent without a reset, new ones work; then all do, and it is told to stop",
    engines: ['redis'],
    seedsAtMost: 3,
    run: trial =>
      withOutbox(trial, fixture =>
        behindProxy(fixture, async (proxy, url) => {
          const wrong: string[] = [];
          const relay = fixture.relay({ DATABASE_URL: url, RELAY_PORT: '0' });
          const served = JSON.parse(await relay.line(/health and metrics are served/)) as { readonly url: string };
          const ready = async (): Promise<number> =>
            (await fetch(`${served.url.replace('localhost', '127.0.0.1')}/readyz`)).status;
          await commitSome(fixture, 'before', 5);
          await fixture.drained();
          proxy.silence();
          const since = Date.now();
          await commitSome(fixture, 'silent', 5);
          await relay.line(/"outbox\.stalled"/);
          if ((await ready()) !== 503) wrong.push('R: ready although no batch ends');
          await fixture.drained();
          trial.measured.recoveries.push(Date.now() - since);
          await waitFor('the relay to be ready again', async () => (await ready()) === 200);
          wrong.push(...(await differences(trial, fixture)));
          proxy.hold();
          proxy.silence();
          relay.kill('SIGTERM');
          if ((await relay.ended) !== 0) wrong.push('it did not stop by itself');
          return wrong;
        }),
      ),
  },
  {
    number: 36,
    title: "a relay's host vanishes in the middle of a batch while another relay is sound",
    engines: ['redis'],
    seedsAtMost: 3,
    run: trial =>
      withOutbox(trial, fixture =>
        behindProxy(fixture, async (proxy, url) => {
          const lost = fixture.relay({ DATABASE_URL: url });
          await commitSome(fixture, 'before', 5);
          await fixture.drained();
          // A batch that has begun and waits for its answer from Redis.
          trial.engine.pause();
          await commitSome(fixture, 'batch', 40);
          await waitFor('a batch to be under way', async () => {
            const { rowCount } = await fixture.pool.query(
              `select 1 from pg_stat_activity where state = 'idle in transaction' and query like '%for update skip locked%'`,
            );
            return (rowCount ?? 0) > 0;
          });
          proxy.silence();
          lost.kill('SIGKILL');
          await lost.ended;
          trial.engine.resume();
          const since = Date.now();
          fixture.relay();
          await commitSome(fixture, 'after', 100);
          await fixture.drained();
          trial.measured.recoveries.push(Date.now() - since);
          return differences(trial, fixture);
        }),
      ),
  },
];
