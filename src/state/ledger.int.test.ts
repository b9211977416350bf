import { engineCases } from '../../tests/support/engines.ts';
import { openEngine } from '../engine/index.ts';
import { openState } from './index.ts';
import { ledgerContract } from './ledger.contract-suite.ts';

for (const { kind, open } of engineCases) {
  ledgerContract(kind, async () => {
    const place = await open();
    const engine = openEngine({ ...place, role: 'producer' });
    await engine.migrate();
    return {
      store: await openState(engine),
      async close() {
        await engine.close();
        await place.cleanup();
      },
    };
  });
}
