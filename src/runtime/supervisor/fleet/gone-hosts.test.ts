import { expect, test } from 'vitest';
import { MemoryStateStore } from '../../../state/index.ts';
import { readGone, rememberHost, rememberLeaving } from './gone-hosts.ts';

const about = { host: 'b', pid: 7, startedAt: 0, processes: 2, queues: ['email'] };
const NOBODY = new Set<string>();

function setup() {
  const clock = { now: 1_000_000 };
  const store = new MemoryStateStore(() => clock.now);
  return { store, clock, gone: (present = NOBODY) => readGone(store, present, clock.now) };
}

test('a host that says goodbye has left, and is no lost one', async () => {
  const { store, gone } = setup();
  await rememberHost(store, 'one', about);
  await rememberLeaving(store, 'one', about, 1_000_000);
  expect(await gone()).toEqual([{ name: 'one', ...about, how: 'left', goneAt: 1_000_000 }]);
});

test('a host is lost once two looks that are apart have missed it, since the first of them', async () => {
  const { store, clock, gone } = setup();
  await rememberHost(store, 'one', about);
  expect(await gone()).toEqual([]);
  clock.now += 3_999;
  expect(await gone()).toEqual([]);
  clock.now += 1;
  expect(await gone()).toEqual([{ name: 'one', ...about, how: 'lost', goneAt: 1_000_000 }]);
});

test('a host that comes back after a freeze of the engine was never lost', async () => {
  const { store, clock, gone } = setup();
  await rememberHost(store, 'one', about);
  await gone();
  clock.now += 2_000;
  await gone(new Set(['one']));
  clock.now += 60_000;
  expect(await gone()).toEqual([]);
});

test('after a day it is forgotten', async () => {
  const { store, clock, gone } = setup();
  await rememberLeaving(store, 'one', about, clock.now);
  clock.now += 86_400_001;
  expect(await gone()).toEqual([]);
});
