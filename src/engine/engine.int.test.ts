import { engineCases } from '../../tests/support/engines.ts';
import { startPostgres } from '../../tests/support/postgres-server.ts';
import { startRedis } from '../../tests/support/redis-server.ts';
import { engineContract } from './suites/engine.contract-suite.ts';

for (const { kind, open } of engineCases) {
  engineContract({
    kind,
    openFixture: open,
    startServer: async () => {
      // What was acknowledged must outlive a kill: that the default may lose a second of it is not what is tested here.
      const server = kind === 'redis' ? await startRedis({ config: { appendfsync: 'always' } }) : await startPostgres();
      return {
        url: server.url,
        kill: () => server.kill(),
        restart: () => server.restart(),
        pause: () => server.pause(),
        resume: () => server.resume(),
        dispose: () => server.stop(),
      };
    },
  });
}
