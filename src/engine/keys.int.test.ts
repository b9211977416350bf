import { engineCases } from '../../tests/support/engines.ts';
import { openEngine } from './index.ts';
import { keysContract } from './suites/keys.contract-suite.ts';

for (const { kind, open } of engineCases) {
  keysContract(kind, async name => {
    const place = await open();
    const engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
    await engine.migrate();
    return {
      queue: await engine.turns(name),
      close: async () => {
        await engine.close();
        await place.cleanup();
      },
    };
  });
}
