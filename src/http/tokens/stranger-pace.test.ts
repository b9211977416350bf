import { expect, test } from 'vitest';
import { StrangerPace } from './stranger-pace.ts';

const LIMIT = { max: 3, perMs: 86_400_000 };

/** Looks that end when the test says. */
function setup() {
  const pace = new StrangerPace(LIMIT, () => 0);
  const gate = Promise.withResolvers<string | undefined>();
  const looks: string[] = [];
  const ask = (text: string, address = '192.0.2.7') =>
    pace.look(address, text, () => {
      looks.push(text);
      return gate.promise;
    });
  return { pace, gate, looks, ask };
}

test('a try counts when it begins: of many at once from one address no more are looked up than may come at all', async () => {
  const { pace, gate, looks, ask } = setup();
  const many = Promise.all(Array.from({ length: 50 }, (_, n) => ask(`wrong ${n}`)));
  const elsewhere = ask('wrong', '192.0.2.8');
  gate.resolve(undefined);
  expect((await many).filter(({ waitMs }) => waitMs !== undefined)).toHaveLength(47);
  expect(await elsewhere).toEqual({ token: undefined });
  expect(looks).toHaveLength(4);
  expect(pace.waitOf('192.0.2.7', 'wrong 1')).toBeGreaterThan(0);
});

test('so it is with one wrong token that many requests show at once', async () => {
  const { gate, looks, ask } = setup();
  const many = Promise.all(Array.from({ length: 50 }, () => ask('wrong')));
  gate.resolve(undefined);
  expect((await many).filter(({ waitMs }) => waitMs !== undefined)).toHaveLength(47);
  expect(looks).toHaveLength(3);
});

test('a program that comes with many requests at once is let in with all of them, and none is counted', async () => {
  const { pace, gate, ask } = setup();
  const many = Promise.all(Array.from({ length: 50 }, () => ask('good')));
  gate.resolve('token');
  expect(new Set((await many).map(({ token }) => token))).toEqual(new Set(['token']));
  expect(pace.waitOf('192.0.2.7', undefined)).toBe(0);
  for (let nth = 0; nth < 3; nth += 1) pace.refused('192.0.2.7');
  expect(pace.waitOf('192.0.2.7', 'wrong')).toBeGreaterThan(0);
  expect(pace.waitOf('192.0.2.7', 'good')).toBe(0);
});

test('while the engine is away nobody is counted, and one token asks it once', async () => {
  const { pace, gate, looks, ask } = setup();
  const many = Promise.allSettled(Array.from({ length: 50 }, () => ask('good')));
  gate.reject(new Error('away'));
  expect((await many).every(({ status }) => status === 'rejected')).toBe(true);
  expect(looks).toHaveLength(1);
  expect(pace.waitOf('192.0.2.7', 'wrong')).toBe(0);
});

test('a token that stands no longer counts like any other', async () => {
  const pace = new StrangerPace(LIMIT, () => 0);
  await pace.look('192.0.2.7', 'late', async () => 'token');
  for (let nth = 0; nth < 3; nth += 1) pace.refused('192.0.2.7');
  expect(await pace.look('192.0.2.7', 'late', async () => undefined)).toEqual({ token: undefined });
  expect((await pace.look('192.0.2.7', 'late', async () => undefined)).waitMs).toBeGreaterThan(0);
});
