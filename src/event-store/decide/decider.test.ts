import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, InvalidContractError } from '../../contracts/index.ts';
import { StreamUnreadableError } from '../read/stream-unreadable-error.ts';
import { defineDecider, on } from './decider.ts';
import { given, stateAfter } from './given.ts';

const lit = defineEvent('lamp.kindled', { schema: z.object({ by: z.string() }) });
const broken = defineEvent('lamp.broken', { schema: z.object({}) });
class LampBroken extends Error {}
const lamp = defineDecider<'light' | 'smash', { on: boolean; works: boolean }>({
  name: 'lamp',
  initial: { on: false, works: true },
  decide(command, state) {
    if (!state.works) throw new LampBroken('the lamp is broken');
    if (command === 'smash') return [broken({})];
    return state.on ? [] : [lit({ by: 'hand' })];
  },
  evolve: [on(lit, state => ({ ...state, on: true })), on(broken, state => ({ ...state, works: false }))],
});

describe('given, when, then', () => {
  test('passes for what is decided, nothing included, and for a refusal', () => {
    const smashed = given(lamp, broken({})).when('light');
    expect(() => {
      given(lamp)
        .when('light')
        .thenHappens(lit({ by: 'hand' }));
      given(lamp, lit({ by: 'x' }))
        .when('light')
        .thenHappens();
      smashed.thenRefuses('broken');
      smashed.thenRefuses(LampBroken);
      smashed.thenRefuses(/^the lamp/);
    }).not.toThrow();
  });

  test('fails for anything else', () => {
    expect(() => given(lamp).when('light').thenHappens()).toThrow(AssertionError);
    expect(() =>
      given(lamp)
        .when('light')
        .thenHappens(lit({ by: 'foot' })),
    ).toThrow(AssertionError);
    expect(() => given(lamp).when('light').thenRefuses()).toThrow('Expected a refusal, got lamp.kindled');
    expect(() => given(lamp, broken({})).when('light').thenRefuses('burnt')).toThrow(AssertionError);
    expect(() => given(lamp, broken({})).when('light').thenRefuses(TypeError)).toThrow('Expected TypeError');
  });
});

describe('a decider', () => {
  test('refuses two evolutions of one event', () => {
    const twice = () =>
      defineDecider<string, number>({
        name: 'x',
        initial: 0,
        decide: () => [],
        evolve: [on(lit, n => n), on(lit, n => n)],
      });
    expect(twice).toThrow(InvalidContractError);
  });

  test('keeps what every stream begins with from an evolution that writes into it', () => {
    const careless = defineDecider<string, { hands: string[] }>({
      name: 'careless',
      initial: { hands: [] },
      decide: () => [],
      evolve: [
        on(lit, (state, { payload }) => {
          state.hands.push(payload.by);
          return state;
        }),
      ],
    });
    expect(() => stateAfter(careless, [lit({ by: 'x' })])).toThrow(TypeError);
    expect(careless.initial).toEqual({ hands: [] });
  });

  test('passes over events that it does not know and refuses those that it should and cannot read', () => {
    const state = stateAfter(lamp, [lit({ by: 'x' })]);
    const event = {
      id: '1',
      type: 'lamp.painted',
      version: 1,
      timestamp: new Date(),
      payload: {},
      metadata: { correlationId: '1', causationId: undefined, userId: undefined, traceparent: undefined },
      stream: 'lamp-1',
      streamVersion: 2,
      position: 2,
      problem: { kind: 'unknown-type', detail: 'no contract' },
    } as const;
    expect(lamp.evolve(state, event)).toBe(state);
    expect(() => lamp.evolve(state, { ...event, type: 'lamp.broken' })).toThrow(StreamUnreadableError);
  });
});

test.each([
  ['a promise', () => Promise.reject(new LampBroken('the lamp is broken'))],
  ['undefined', () => undefined],
  ['function', () => lit],
])('a decision that is %s and no list is refused by name', (what, decide) => {
  const { initial } = lamp;
  const wrong = defineDecider<'light', unknown>({ name: 'hasty', initial, decide: decide as never, evolve: [] });
  expect(() => wrong.decide('light', initial)).toThrow(new RegExp(`"hasty".*with ${what}\\. Nothing was written`));
});
