import { expect, test } from 'vitest';
import { hasOrStemsFrom, isPlatformAway } from './fault-of.ts';

const coded = (code: string): Error => Object.assign(new Error(code), { code });

test.each([
  ['the engine is away', coded('QUEUE_UNAVAILABLE'), true],
  ['the bus is away, as a handler met it', new Error('handler', { cause: coded('BUS_UNAVAILABLE') }), true],
  ["a handler's own far side is away", new Error('handler', { cause: coded('ECONNREFUSED') }), false],
  ['nothing that is an error', undefined, false],
])('%s', (_what, thrown, away) => {
  expect(isPlatformAway(thrown)).toBe(away);
});

test('a thrown thing that must not be asked is none of ours', () => {
  const { proxy, revoke } = Proxy.revocable(new Error('gone'), {});
  revoke();
  expect(isPlatformAway(proxy)).toBe(false);
  expect(hasOrStemsFrom(coded('BUS_CLOSED'), 'BUS_CLOSED')).toBe(true);
});
