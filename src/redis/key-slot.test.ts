import { expect, test } from 'vitest';
import { slotOf } from './key-slot.ts';

test('the slot of a key is the one that Redis says (CLUSTER KEYSLOT)', () => {
  const said = {
    '': 0,
    foo: 12_182,
    '123456789': 12_739,
    '{user1000}.following': 3_443,
    '{user1000}.followers': 3_443,
    'foo{}{bar}': 8_363,
    'foo{{bar}}zap': 4_015,
    'foo{bar}{zap}': 5_061,
    '{unclosed': 470,
    'ä{ß}': 12_625,
  };
  for (const [key, slot] of Object.entries(said)) expect([key, slotOf(key)]).toEqual([key, slot]);
});
