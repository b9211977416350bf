import { expect, test } from 'vitest';
import { readOptions, writeOptions } from './options.ts';

test('options that many jobs share are read once, and nobody can change them for the others', () => {
  const text = writeOptions({ attempts: 3, backoff: { type: 'fixed', delay: 5 } }, 'batch:1');
  const first = readOptions(text);
  expect(readOptions(text)).toBe(first);
  expect(first).toEqual({ attempts: 3, backoff: { type: 'fixed', delay: 5 }, telemetry: { metadata: 'batch:1' } });
  expect([first, first.backoff, first.telemetry].every(Object.isFrozen)).toBe(true);
});

test('options that are written again have the metadata of this job, and none where it has none', () => {
  const shared = Object.freeze({ attempts: 2 });
  const written = ['batch:1', 'batch:1', 'batch:2', undefined, 'batch:1'].map(metadata =>
    writeOptions(shared, metadata),
  );
  expect(written.map(text => readOptions(text).telemetry?.metadata)).toEqual([
    'batch:1',
    'batch:1',
    'batch:2',
    undefined,
    'batch:1',
  ]);
  // What can be changed is written as it is now.
  const own = { attempts: 2 };
  writeOptions(own, 'batch:1');
  own.attempts = 7;
  expect(readOptions(writeOptions(own, 'batch:1')).attempts).toBe(7);
});

test('what is no object is refused each time', () => {
  for (const text of ['7', '[]', 'null', '{']) {
    for (const _ of [1, 2]) expect(() => readOptions(text)).toThrow();
  }
});
