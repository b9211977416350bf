import { expect, test } from 'vitest';
import { namesPrototype } from './names-prototype.ts';

test.each(['{"__proto__":{}}', '{"a":[{"b":{"__proto__":1}}]}', '[[{"__pr\\u006fto__":null}]]'])(
  '%s is found',
  body => {
    expect(namesPrototype(JSON.parse(body))).toBe(true);
  },
);

test.each(['{}', 'null', '7', '{"a":"__proto__","proto":[1,{}]}', '{"constructor":{"prototype":{}}}'])(
  '%s is not',
  body => {
    expect(namesPrototype(JSON.parse(body))).toBe(false);
  },
);

test('a body nested deeper than the stack reaches is read to its end', () => {
  const body: unknown = JSON.parse(`${'['.repeat(140_000)}{"__proto__":1}${']'.repeat(140_000)}`);
  expect(namesPrototype(body)).toBe(true);
});
