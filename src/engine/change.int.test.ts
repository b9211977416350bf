import { engineCases } from '../../tests/support/engines.ts';
import { openEngine } from './index.ts';
import { changeContract } from './suites/change.contract-suite.ts';

for (const { kind, open } of engineCases) {
  changeContract(kind, async name => {
    const place = await open();
    const engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
    await engine.migrate();
    const stored = await engine.queue(name);
    return {
      queue: await engine.turns(name, { limits: [] }),
      stateOf: id => stored.getJobState(id),
      close: async () => {
        await engine.close();
        await place.cleanup();
      },
    };
  });
}
