import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { workPlaces } from '../../../tests/support/work-place.ts';
import { defineJob, handle, type Perform } from '../../contracts/index.ts';
import { openState } from '../../state/index.ts';

const once = { attempts: 1 };
const schema = z.strictObject({ text: z.string() });
const open = z.unknown();
const plain = defineJob({ queue: 'email', name: 'plain', schema, sensitive: ['text'], retry: once });
const promised = defineJob({ queue: 'email', name: 'promised', schema, result: open, progress: open, retry: once });
type Work = Perform<{ text: string }, Record<never, never>>;

/** As from plain JavaScript, where nothing keeps a handler from it. */
const strange: readonly (readonly [string, unknown, string])[] = [
  ['a date', new Date(0), 'dateCodec'],
  ['a bigint', 5n, 'bigintCodec'],
  ['a map', new Map([[1, 2]]), 'mapCodec'],
  ['a set', new Set([1]), 'setCodec'],
  ['bytes', Buffer.from('x'), 'bytesCodec'],
];

describe.each(engineCases)('what a run wants to have kept, on $kind', engineCase => {
  const place = workPlaces(engineCase);

  async function setup() {
    const { client, facts, engine, start } = await place();
    let work: Work = () => undefined;
    const perform: Work = (data, run, needs) => work(data, run, needs);
    await start([handle(plain, perform), handle(promised, perform)]);
    const died = async (contract: typeof plain | typeof promised, its: Work): Promise<string> => {
      work = its;
      const dead = facts.next('job.dead');
      await client.enqueue(contract, { text: 'secret text' });
      return (await dead).error.message;
    };
    return { died, engine };
  }

  test.each(strange)('%s is refused wherever it is given, and the codec is named', async (_, value, codec) => {
    const { died } = await setup();
    const answer = (): never => ({ of: { it: value } }) as never;
    const said = [
      await died(plain, async (_, run) => void (await run.step('x', answer))),
      await died(plain, async (_, run) => void (await run.once('x', answer))),
      await died(plain, (_, run) => run.progress(answer())),
      await died(promised, (_, run) => run.progress(answer())),
      await died(promised, answer),
    ];
    for (const message of said) {
      expect(message).toContain('of.it');
      expect(message).toContain(`${codec} of shiftwork/codecs`);
    }
    // Another job that asks for the same effect: where it stood is not kept.
    const again = await died(plain, async (_, run) => void (await run.once('x', answer)));
    expect(again).toContain(`something in it is`);
    expect(again).toContain(`${codec} of shiftwork/codecs`);
  });

  test('values of sensitive fields that name what is wrong stand in no message', async () => {
    const { died } = await setup();
    const answer = ({ text }: { readonly text: string }): never => ({ [text]: new Date(0) }) as never;
    for (const work of [
      async (data, run) => void (await run.step('x', () => answer(data))),
      async (data, run) => void (await run.once('x', () => answer(data))),
    ] satisfies Work[]) {
      const message = await died(plain, work);
      expect(message).toContain('dateCodec');
      expect(message).not.toContain('secret text');
    }
  });

  test.each<readonly [string, Work, string]>([
    // @ts-expect-error a key is needed
    ['no key', async (_, run) => void (await run.once(undefined, () => 1)), 'got undefined'],
    ['an empty key', async (_, run) => void (await run.once('', () => 1)), 'got an empty one'],
    [
      'no effect',
      // @ts-expect-error an effect is a function
      async (_, run) => void (await run.once('k')),
      'to be a function, such as () => charge(), got undefined',
    ],
    // @ts-expect-error a promise has begun already
    ['a promise', async (_, run) => void (await run.once('k', Promise.resolve())), 'got object'],
    [
      'a misspelt option',
      // @ts-expect-error no such option
      async (_, run) => void (await run.once('k', () => 1, { onDoutb: 'hold' })),
      'Did you mean "onDoubt"?',
    ],
    [
      'another value of an option',
      // @ts-expect-error again or hold
      async (_, run) => void (await run.once('k', () => 1, { onDoubt: 'wait' })),
      'to be again or hold, got "wait"',
    ],
  ])('run.once with %s is refused before anything is written', async (_, work, words) => {
    const { died, engine } = await setup();
    const message = await died(plain, work);
    expect(message).toContain('INVALID_OPTIONS');
    expect(message).toContain(words);
    expect(await (await openState(engine)).list('ledger')).toEqual([]);
  });
});
