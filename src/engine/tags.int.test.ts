import { engineCases } from '../../tests/support/engines.ts';
import { openEngine } from './index.ts';
import { tagsContract } from './suites/tags.contract-suite.ts';

for (const { kind, open } of engineCases) {
  tagsContract(kind, async name => {
    const place = await open();
    const engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
    await engine.migrate();
    const stored = await engine.queue(name);
    return {
      queue: await engine.turns(name),
      // BullMQ's own, which knows nothing of tags.
      remove: id => stored.remove(id),
      close: async () => {
        await engine.close();
        await place.cleanup();
      },
    };
  });
}
