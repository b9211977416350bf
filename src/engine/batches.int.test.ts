import { engineCases } from '../../tests/support/engines.ts';
import { inMemory } from '../../tests/support/memory-case.ts';
import { openEngine } from './index.ts';
import { batchesContract } from './suites/batches.contract-suite.ts';

for (const { kind, open } of [...engineCases, inMemory]) {
  batchesContract(kind, async () => {
    const { url, namespace, cleanup } = await open();
    const engine = openEngine({ url, namespace, role: 'worker' });
    await engine.migrate();
    return {
      engine,
      close: async () => {
        await engine.close();
        await cleanup();
      },
    };
  });
}
