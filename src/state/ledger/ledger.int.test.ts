import { afterEach, describe, expect, test, vi } from 'vitest';
import { engineCases } from '../../../tests/support/engines.ts';
import { openEngine } from '../../engine/index.ts';
import { Ledger, openState } from '../index.ts';
import { ledgerContract } from './ledger.contract-suite.ts';

for (const { kind, open } of engineCases) {
  ledgerContract(kind, async () => {
    const fixture = await open();
    const engine = openEngine({ ...fixture, role: 'producer' });
    await engine.migrate();
    return {
      store: await openState(engine),
      async close() {
        await engine.close();
        await fixture.cleanup();
      },
    };
  });
}

describe.each(engineCases)('ledger on $kind, hosts whose clocks differ', ({ open }) => {
  afterEach(() => void vi.useRealTimers());

  test.each([25_000, -25_000, 600_000, -600_000])(
    'an effect that one process does is done by no other whose clock is %i ms ahead',
    async aheadMs => {
      const fixture = await open();
      const engine = openEngine({ ...fixture, role: 'producer' });
      try {
        await engine.migrate();
        const store = await openState(engine);
        const gate = Promise.withResolvers<string>();
        const begun = Promise.withResolvers<void>();
        const running = new Ledger(store, { scope: 'clocks' }).once('k', () => {
          begun.resolve();
          return gate.promise;
        });
        await begun.promise;
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + aheadMs });
        const other = vi.fn<() => string>(() => 'theirs');
        const asked = new Ledger(store, { scope: 'clocks' }).once('k', other);
        await expect(asked).rejects.toMatchObject({ code: 'EFFECT_IN_PROGRESS' });
        expect(other).not.toHaveBeenCalled();
        vi.useRealTimers();
        gate.resolve('mine');
        expect(await running).toBe('mine');
      } finally {
        await engine.close();
        await fixture.cleanup();
      }
    },
  );
});
