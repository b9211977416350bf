import { expect, test } from 'vitest';
import { SharedLooks } from './shared-looks.ts';

const renewal = { get: () => 'yes' } as unknown as Parameters<SharedLooks<number>['read']>[0];
const load = { get: () => undefined } as unknown as Parameters<SharedLooks<number>['read']>[0];

function setup() {
  let [time, reads] = [0, 0];
  const looks = new SharedLooks<number>({ everySeconds: 6.25, now: () => time });
  const look = async (): Promise<number> => (reads += 1);
  return {
    pass: (ms: number) => (time += ms),
    renew: (key = 'a') => looks.read(renewal, key, look),
    load: (key = 'a') => looks.read(load, key, look),
    failing: () => looks.read(load, 'a', () => Promise.reject(new Error('away'))),
    reads: () => reads,
  };
}

test('tabs that renew themselves share what one of them has read, until it is old', async () => {
  const { load: begin, renew, pass, reads } = setup();
  await begin();
  for (let tab = 0; tab < 10; tab += 1) expect(await renew()).toBe(1);
  pass(5_000);
  for (let tab = 0; tab < 10; tab += 1) expect(await renew()).toBe(2);
  expect(reads()).toBe(2);
});

test('whoever loads the page is shown what was read for them', async () => {
  const { load: begin, renew } = setup();
  expect([await begin(), await begin(), await renew()]).toEqual([1, 2, 2]);
});

test('many that show different things read no more often together than one does', async () => {
  const { load: begin, renew, pass, reads } = setup();
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
  for (const key of keys) await begin(key);
  const begun = reads();
  for (let second = 0; second < 100; second += 1) {
    pass(1_000);
    for (const key of keys) await renew(key);
  }
  expect(reads() - begun).toBeLessThanOrEqual(100 / 5);
  // Those that are closed count no longer.
  for (let second = 0; second < 100; second += 1) {
    pass(1_000);
    await renew('a');
  }
  const before = reads();
  pass(5_000);
  await renew('a');
  expect(reads() - before).toBe(1);
});

test('who passes by one after the other makes no page that is open wait longer for news', async () => {
  const { load: begin, renew, pass, reads } = setup();
  for (let nth = 0; nth < 50; nth += 1) await begin(`passed ${nth}`);
  await begin();
  pass(5_000);
  const before = reads();
  await renew();
  expect(reads() - before).toBe(1);
});

test('no page is shown what is older than a minute, however many show different things', async () => {
  const { renew, pass } = setup();
  const keys = Array.from({ length: 40 }, (_, nth) => `job ${nth}`);
  let [shown, seconds, oldest] = [0, 0, 0];
  for (let second = 0; second < 200; second += 1) {
    pass(1_000);
    const all = await Promise.all(keys.map(renew));
    seconds = all[0] === shown ? seconds + 1 : 0;
    shown = all[0] ?? 0;
    oldest = Math.max(oldest, seconds);
  }
  expect(oldest).toBeLessThan(60);
});

test('what could not be read is read anew for the next', async () => {
  const { failing, renew } = setup();
  await expect(failing()).rejects.toThrow('away');
  expect(await renew()).toBe(1);
});
