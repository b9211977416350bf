import { engineCases } from '../../tests/support/engines.ts';
import { startPostgres } from '../../tests/support/postgres-server.ts';
import { startRedis } from '../../tests/support/redis-server.ts';
import { engineContract } from './engine.contract-suite.ts';

for (const { kind, open } of engineCases) {
  engineContract({
    kind,
    openPlace: open,
    startServer: async () => {
      const server = kind === 'redis' ? await startRedis() : await startPostgres();
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
