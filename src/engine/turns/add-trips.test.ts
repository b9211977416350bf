import { expect, test } from 'vitest';
import { AddTrips, type AddTripsOptions } from './add-trips.ts';
import type { AddAnswer, NewJob } from './new-job.ts';

const job = (id: string, data = '{}'): NewJob => ({ id, name: 'greet', data, opts: {}, timestamp: 0 });
const stands = ({ id }: NewJob): AddAnswer => ({ kind: 'stands', id });

/** Trips that are answered one by one, when the test says so. */
function setup(options: Partial<AddTripsOptions> = {}) {
  const sent: { readonly ids: readonly string[]; readonly answer: () => void }[] = [];
  const trips = new AddTrips({
    most: 3,
    underWay: 1,
    send: jobs =>
      new Promise(resolve => sent.push({ ids: jobs.map(({ id }) => id), answer: () => resolve(jobs.map(stands)) })),
    ...options,
  });
  return { trips, sent };
}

test('what is added in one turn of JavaScript leaves in one trip, in its order', async () => {
  const { trips, sent } = setup();
  const answers = [trips.add([job('a')]), trips.add([job('b'), job('c')])];
  await new Promise(setImmediate);
  expect(sent.map(({ ids }) => ids)).toEqual([['a', 'b', 'c']]);
  sent[0]?.answer();
  expect((await Promise.all(answers)).flat().map(answer => 'id' in answer && answer.id)).toEqual(['a', 'b', 'c']);
});

test('a lone call waits for nobody: it leaves before the event loop turns', async () => {
  const { trips, sent } = setup();
  const answer = trips.add([job('a')]);
  await new Promise<void>(resolve => process.nextTick(resolve));
  expect(sent.map(({ ids }) => ids)).toEqual([['a']]);
  sent[0]?.answer();
  expect(await answer).toEqual([{ kind: 'stands', id: 'a' }]);
});

test('what fills a trip leaves while the rest is still being added', async () => {
  const { trips, sent } = setup();
  const answers = ['a', 'b', 'c', 'd'].map(id => trips.add([job(id)]));
  expect(sent.map(({ ids }) => ids)).toEqual([['a', 'b', 'c']]);
  sent[0]?.answer();
  await answers[0];
  await new Promise(setImmediate);
  sent[1]?.answer();
  expect((await Promise.all(answers)).flat().map(answer => 'id' in answer && answer.id)).toEqual(['a', 'b', 'c', 'd']);
});

test('each call settles by itself: a trip that fails fails those that it carried', async () => {
  let count = 0;
  const send = (jobs: readonly NewJob[]): Promise<readonly AddAnswer[]> =>
    (count += 1) === 1 ? Promise.reject(new Error('It was lost.')) : Promise.resolve(jobs.map(stands));
  const { trips } = setup({ send });
  const said = ['a', 'b', 'c', 'd', 'e'].map(id => trips.add([job(id)]).then(([answer]) => answer, String));
  const lost = 'Error: It was lost.';
  expect(await Promise.all(said)).toEqual([lost, lost, lost, stands(job('d')), stands(job('e'))]);
});

test('while as many trips are under way as may be, the others gather behind them', async () => {
  const { trips, sent } = setup();
  const first = trips.add([job('a')]);
  await new Promise(setImmediate);
  const others = ['b', 'c', 'd', 'e'].map(id => trips.add([job(id)]));
  await new Promise(setImmediate);
  expect(sent.map(({ ids }) => ids)).toEqual([['a']]);
  sent[0]?.answer();
  await first;
  await new Promise(setImmediate);
  expect(sent.map(({ ids }) => ids)).toEqual([['a'], ['b', 'c', 'd']]);
  sent[1]?.answer();
  await new Promise(setImmediate);
  sent[2]?.answer();
  expect((await Promise.all(others)).flat()).toHaveLength(4);
});

test('one that cannot share a trip travels alone, and nothing overtakes it', async () => {
  const { trips, sent } = setup({ underWay: 2, shares: ({ id }) => id !== 'alone' });
  const answers = ['a', 'alone', 'b'].map(id => trips.add([job(id)]));
  for (const expected of [['a'], ['alone'], ['b']]) {
    await new Promise(setImmediate);
    expect(sent.map(({ ids }) => ids)).toContainEqual(expected);
    expect(sent).toHaveLength(['a', 'alone', 'b'].indexOf(expected[0] ?? '') + 1);
    sent.at(-1)?.answer();
  }
  await Promise.all(answers);
});

test('a trip is bounded by what its jobs hold, and one that holds more by itself leaves all the same', async () => {
  const { trips, sent } = setup();
  const large = 'x'.repeat(200 * 1024);
  void trips.add([job('a', large), job('b', large), job('c')]);
  await new Promise(setImmediate);
  expect(sent.map(({ ids }) => ids)).toEqual([['a']]);
  sent[0]?.answer();
  await new Promise(setImmediate);
  expect(sent.map(({ ids }) => ids)).toEqual([['a'], ['b', 'c']]);
  sent[1]?.answer();
});
